/* Recording an operation: PendingWork.apply, on the tape and off it. */

#include "slots.h"

/* The history of a cell that was just read, borrowed; Py_None for a constant; NULL if Python has to tell. */
static PyObject *
history_of(PyObject *each)
{
    PyObject *history = SLOT(each, cell.history);
    if (history != Py_None)
        return SLOT(PyTuple_GET_ITEM(history, 0), entry.consumed) == Py_False ? history : Py_None;
    PyObject *owner = SLOT(each, cell.variable);
    if (owner != Py_None && PyUnicode_CompareWithASCIIString(SLOT(owner, variable_request), "null") != 0)
        return NULL; /* a variable that has no origin yet */
    Py_SETREF(SLOT(each, cell.history), Py_NewRef(constant));
    return Py_None;
}

/* Set what the tape keeps of an operation on ``cells``: 1 if it does, 0 if it keeps nothing, -1 if Python has to. */
static int
find_linear(Recording *r, PyObject *const *cells, Py_ssize_t count)
{
    int any = 0, result = -1;
    PyObject *parents = PyTuple_New(count), *needs = PyTuple_New(count);
    if (parents == NULL || needs == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *history = history_of(cells[i]);
        if (history == NULL)
            goto done;
        any |= history != Py_None;
        PyTuple_SET_ITEM(parents, i, Py_NewRef(history));
        PyTuple_SET_ITEM(needs, i, Py_NewRef(history != Py_None ? Py_True : Py_False));
    }
    if (!any) {
        result = 0;
        goto done;
    }
    PyObject *found = PyDict_GetItemWithError(SLOT(r->work, spec.linearized), needs);
    if (found != NULL) {
        r->linear = Py_NewRef(found);
        r->parents = Py_NewRef(parents);
        r->work = SLOT(found, linear.spec);
        result = 1;
    }
done:
    PyErr_Clear();
    Py_XDECREF(parents);
    Py_XDECREF(needs);
    return result;
}

/* Those of ``refs`` that ``r->work`` reads, and the specialization that reads no others. */
static int
read_less(Recording *r)
{
    PyObject *pruned = SLOT(r->work, spec.pruned);
    r->inputs = r->refs;
    if (pruned == Py_None) {
        Py_INCREF(r->inputs);
        return 1;
    }
    PyObject *live = PySequence_Fast(PyTuple_GET_ITEM(pruned, 1), "numbers of inputs");
    if (live == NULL)
        return 0;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(live);
    r->work = PyTuple_GET_ITEM(pruned, 0);
    r->inputs = PyTuple_New(count);
    for (Py_ssize_t i = 0; r->inputs != NULL && i < count; i++) {
        Py_ssize_t number = PyLong_AsSsize_t(PySequence_Fast_GET_ITEM(live, i));
        PyObject *ref = PyTuple_GetItem(r->refs, number); /* an IndexError where there are too few */
        if (ref == NULL)
            Py_CLEAR(r->inputs);
        else
            PyTuple_SET_ITEM(r->inputs, i, Py_NewRef(ref));
    }
    Py_DECREF(live);
    return r->inputs != NULL;
}

static PyObject *
new_node(Recording *r, PyObject *types)
{
    PyObject *made = empty_instance(Node);
    if (made == NULL)
        return NULL;
    fill(made, node.spec, r->work);
    fill(made, node.inputs, r->inputs);
    fill(made, node.scalars, r->scalars);
    fill(made, node.type, PyTuple_GET_ITEM(types, 0));
    fill(made, node.value, Py_None);
    fill(made, node.region, r->open);
    fill(made, node.code, r->code);
    fill(made, node.lasti, r->lasti);
    fill(made, node.scope, SLOT(r->recorder, recorder_scope));
    return made;
}

static PyObject *
new_output(PyObject *of, Py_ssize_t number, PyObject *type)
{
    PyObject *index = PyLong_FromSsize_t(number);
    PyObject *made = index == NULL ? NULL : empty_instance(Output);
    if (made != NULL) {
        fill(made, output.node, of);
        fill(made, output.index, index);
        fill(made, output.type, type);
        fill(made, output.value, Py_None);
    }
    Py_XDECREF(index);
    return made;
}

/* All outputs of a new node. */
static PyObject *
new_outputs(Recording *r)
{
    PyObject *types = SLOT(r->work, spec.out_types);
    Py_ssize_t count = PyTuple_GET_SIZE(types);
    PyObject *results = PyTuple_New(count);
    PyObject *first = results == NULL ? NULL : new_node(r, types);
    if (first != NULL)
        PyTuple_SET_ITEM(results, 0, first);
    for (Py_ssize_t i = 1; first != NULL && i < count; i++) {
        PyObject *further = new_output(first, i, PyTuple_GET_ITEM(types, i));
        if (further == NULL)
            first = NULL;
        else
            PyTuple_SET_ITEM(results, i, further);
    }
    if (first == NULL)
        Py_CLEAR(results);
    return results;
}

/* Put ``results`` at the end of the region, which is charged for them. Nothing here runs other code: making a node may,
   for where the collector of cycles runs within an allocation, a finalizer may record in this region, or close it. */
static int
show(Recording *r, PyObject *results)
{
    PyObject *charged = PyNumber_Subtract(SLOT(r->open, region.credit), SLOT(r->work, spec.cost));
    if (charged == NULL)
        return -1;
    Py_ssize_t count = PyTuple_GET_SIZE(results), before = PyList_GET_SIZE(SLOT(r->open, region.items));
    for (Py_ssize_t i = 0; i < count; i++)
        if (PyList_Append(SLOT(r->open, region.items), PyTuple_GET_ITEM(results, i)) < 0) {
            PyList_SetSlice(SLOT(r->open, region.items), before, before + i, NULL);
            Py_DECREF(charged);
            return -1;
        }
    Py_SETREF(SLOT(r->open, region.credit), charged);
    return 0;
}

/* The history of the first of ``results``: an entry of the tape and 0. */
static PyObject *
history_on_tape(Recording *r, PyObject *results)
{
    PyObject *kept = SLOT(r->linear, linear.kept), *number = PyIter_Next(serial);
    Py_ssize_t count = PyTuple_GET_SIZE(kept), given = PyTuple_GET_SIZE(r->refs);
    PyObject *residuals = PyTuple_New(count);
    PyObject *made = number == NULL || residuals == NULL ? NULL : empty_instance(Operation);
    if (made == NULL) {
        Py_XDECREF(number);
        Py_XDECREF(residuals);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t source = PyLong_AsSsize_t(PyTuple_GET_ITEM(kept, i));
        PyObject *found = source < given ? PyTuple_GetItem(r->refs, source) : PyTuple_GetItem(results, source - given);
        if (found == NULL) {
            Py_DECREF(number);
            Py_DECREF(residuals);
            Py_DECREF(made);
            return NULL;
        }
        PyTuple_SET_ITEM(residuals, i, Py_NewRef(found));
    }
    SLOT(made, entry.serial) = number;
    SLOT(made, entry.residuals) = residuals;
    fill(made, entry.linear, r->linear);
    fill(made, entry.parents, r->parents);
    fill(made, entry.scalars, r->scalars);
    fill(made, entry.consumed, Py_False);
    fill(made, entry.code, r->code);
    fill(made, entry.lasti, r->lasti);
    fill(made, entry.scope, SLOT(r->recorder, recorder_scope));
    PyObject *history = PyTuple_Pack(2, made, zero);
    Py_DECREF(made);
    return history;
}

/* Whether ``code`` is a user's, whose line counts as it is. */
static int
is_users(PyObject *code)
{
    return code == Py_None || PySet_Contains(users, ((PyCodeObject *)code)->co_filename) == 1;
}

static int
is_eager(void)
{
    PyObject *eager = PyObject_GetAttr(config, name_eager);
    Py_XDECREF(eager); /* a constant, which stays */
    return eager != Py_False;
}

/* Whether an operation is of the plain kind, and may be recorded here and now; Python has to do it where not. */
static int
is_plain(Recording *r)
{
    int plain = Py_TYPE(r->work) == (PyTypeObject *)Specialization && PyTuple_CheckExact(r->scalars) &&
                (r->code == Py_None || PyCode_Check(r->code)) && PyLong_AsLong(SLOT(r->open, region.credit)) >= 0 &&
                is_users(r->code) && !is_eager();
    PyErr_Clear();
    return plain;
}

/* Whether ``record`` may read ``cells``: all are of the plain kind. */
static int
are_plain(PyObject *const *cells, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++)
        if (Py_TYPE(cells[i]) != (PyTypeObject *)Cell || SLOT(cells[i], cell.content) == NULL)
            return 0;
    return 1;
}

/* Node, entry of the tape and cell, made before anything shows them: where one cannot be made, nothing was recorded. */
static PyObject *
make(Recording *r, PyObject *const *cells, Py_ssize_t count)
{
    PyObject *made = NULL, *results = NULL, *history = NULL, *type = PyTuple_GET_ITEM(SLOT(r->work, spec.out_types), 0);
    r->refs = PyTuple_New(count);
    for (Py_ssize_t i = 0; r->refs != NULL && i < count; i++)
        PyTuple_SET_ITEM(r->refs, i, Py_NewRef(SLOT(cells[i], cell.content)));
    if (r->refs != NULL && read_less(r))
        results = new_outputs(r);
    if (results != NULL)
        history = r->linear == NULL ? Py_NewRef(Py_None) : history_on_tape(r, results);
    if (history != NULL)
        made = empty_instance(Cell);
    if (made != NULL) {
        fill(made, cell.content, PyTuple_GET_ITEM(results, 0));
        fill(made, cell.type, type);
        fill(made, cell.history, history);
        fill(made, cell.variable, Py_None);
        fill(made, cell.version, zero);
        if (show(r, results) < 0)
            Py_CLEAR(made);
    }
    Py_XDECREF(r->refs);
    Py_XDECREF(r->inputs);
    Py_XDECREF(results);
    Py_XDECREF(history);
    return made;
}

/* A new cell with what ``r->work`` makes of ``cells``. Without it and without an exception: Python has to do it. */
PyObject *
record(Recording *r, PyObject *const *cells, Py_ssize_t count)
{
    PyObject *made = NULL;
    r->open = Py_NewRef(SLOT(SLOT(r->recorder, recorder_regions), regions_open));
    if (is_plain(r) && PyTuple_GET_SIZE(SLOT(r->work, spec.out_types)) == 1 && are_plain(cells, count) &&
        (SLOT(SLOT(r->recorder, recorder_state), state_recording) == Py_False || find_linear(r, cells, count) >= 0))
        made = make(r, cells, count);
    Py_XDECREF(r->linear);
    Py_XDECREF(r->parents);
    Py_DECREF(r->open);
    return made;
}

/* What the reference does with the same arguments; too many are refused by it. */
static PyObject *
in_python(PyObject *function, PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    PyObject *arguments[7] = {self};
    Py_ssize_t passed = count < 6 ? count : 6;
    for (Py_ssize_t i = 0; i < passed; i++)
        arguments[i + 1] = given[i];
    return PyObject_Vectorcall(function, arguments, passed + 1, NULL);
}

/* PendingWork.apply(spec, cells, scalars, code, lasti) */
PyObject *
apply(PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    if (count == 5 && PyTuple_CheckExact(given[1]) && Py_TYPE(self) == (PyTypeObject *)PendingWork) {
        Recording r = {.recorder = self, .work = given[0], .scalars = given[2], .code = given[3], .lasti = given[4]};
        PyObject *made = record(&r, &PyTuple_GET_ITEM(given[1], 0), PyTuple_GET_SIZE(given[1]));
        if (made != NULL || PyErr_Occurred())
            return made;
    }
    return in_python(python_apply, self, given, count);
}

/* PendingWork.append(spec, refs, scalars, code, lasti) */
PyObject *
append(PyObject *self, PyObject *const *given, Py_ssize_t count)
{
    if (count != 5 || !PyTuple_CheckExact(given[1]) || Py_TYPE(self) != (PyTypeObject *)PendingWork)
        return in_python(python_append, self, given, count);
    Recording r = {.recorder = self, .work = given[0], .scalars = given[2], .code = given[3], .lasti = given[4]};
    r.refs = given[1];
    r.open = Py_NewRef(SLOT(SLOT(self, recorder_regions), regions_open));
    PyObject *results = NULL;
    int plain = is_plain(&r);
    if (plain && read_less(&r)) {
        results = new_outputs(&r);
        if (results != NULL && show(&r, results) < 0)
            Py_CLEAR(results);
    }
    Py_XDECREF(r.inputs);
    Py_DECREF(r.open);
    return plain ? results : in_python(python_append, self, given, count);
}
