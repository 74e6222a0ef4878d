/* Calls of operators: of two arrays, of an array and a number, and those of generated functions, whose specialization is
   known. What is not known, or not plain, Python does. */

#include "slots.h"

/* Whether PendingWork has the ``apply`` of this module: a test, or a tool, may have put another in its place. */
static int
is_ours(void)
{
    PyObject *method = PyObject_GetAttr(PendingWork, name_apply);
    Py_XDECREF(method); /* the class keeps it */
    return method != NULL && method == own_apply;
}

/* An array with what ``work``, which is held, makes of ``cells`` in the user's ``frame``. Without it and without an
   exception: Python has to do it. */
static PyObject *
array_of(PyObject *work, PyObject *const *cells, Py_ssize_t count, PyObject *scalars, PyObject *frame)
{
    PyObject *state = PyObject_GetAttr(local, name_state), *made = NULL, *array = NULL;
    if (state == NULL)
        return NULL;
    PyObject *recorder = Py_NewRef(SLOT(state, state_recorder));
    PyObject *code = (PyObject *)PyFrame_GetCode((PyFrameObject *)frame);
    PyObject *lasti = PyLong_FromLong(PyFrame_GetLasti((PyFrameObject *)frame));
    Recording r = {.recorder = recorder, .work = work, .scalars = scalars, .code = code, .lasti = lasti};
    if (lasti != NULL && Py_TYPE(recorder) == (PyTypeObject *)PendingWork && is_ours())
        made = record(&r, cells, count);
    if (made != NULL && (array = empty_instance(NDArray)) != NULL)
        SLOT(array, array_cell) = made;
    else
        Py_XDECREF(made);
    Py_XDECREF(lasti);
    Py_DECREF(code);
    Py_DECREF(recorder);
    Py_DECREF(state);
    return array;
}

/* The cell of an NDArray, held; NULL if it is of another class, or its cell is. */
static PyObject *
cell_of(PyObject *array)
{
    PyObject *found = Py_TYPE(array) == (PyTypeObject *)NDArray ? SLOT(array, array_cell) : NULL;
    return found != NULL && Py_TYPE(found) == (PyTypeObject *)Cell ? Py_NewRef(found) : NULL;
}

/* What ``memo`` has under ``key``, which is given away, held; NULL if nothing. */
static PyObject *
known(PyObject *memo, PyObject *key)
{
    PyObject *found = key == NULL ? NULL : PyDict_GetItemWithError(memo, key);
    Py_XINCREF(found);
    Py_XDECREF(key);
    return found;
}

/* Whether ``number`` is what Python would give to a slot: a float, or a whole number of 64 bits. */
static int
is_number(PyObject *number)
{
    int beyond = 0;
    if (PyFloat_CheckExact(number))
        return 1;
    return PyLong_CheckExact(number) && (PyLong_AsLongLongAndOverflow(number, &beyond), beyond == 0);
}

static PyObject *
with_number(PyObject *name, PyObject *a, PyObject *number, PyObject *frame)
{
    PyObject *cell_a = cell_of(a), *made = NULL;
    PyObject *found = cell_a == NULL ? NULL : known(bound_scalar, PyTuple_Pack(2, name, SLOT(cell_a, cell.type)));
    if (found != NULL) { /* a specialization, and the numbers that have others */
        PyObject *special = PyTuple_GET_ITEM(found, 1), *scalars = NULL;
        if (PySet_GET_SIZE(special) == 0 || PySet_Contains(special, number) == 0)
            scalars = PyTuple_Pack(1, number);
        if (scalars != NULL)
            made = array_of(PyTuple_GET_ITEM(found, 0), &cell_a, 1, scalars, frame);
        Py_XDECREF(scalars);
        Py_DECREF(found);
    }
    Py_XDECREF(cell_a);
    return made;
}

static PyObject *
with_array(PyObject *name, PyObject *a, PyObject *b, PyObject *frame)
{
    PyObject *cells[2] = {cell_of(a), cell_of(b)}, *found = NULL, *made = NULL;
    if (cells[0] != NULL && cells[1] != NULL)
        found = known(bound, PyTuple_Pack(3, name, SLOT(cells[0], cell.type), SLOT(cells[1], cell.type)));
    if (found != NULL)
        made = array_of(found, cells, 2, empty, frame);
    Py_XDECREF(found);
    Py_XDECREF(cells[0]);
    Py_XDECREF(cells[1]);
    return made;
}

/* _binary(name, scalar_name, a, b, frame) */
PyObject *
binary(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    PyObject *made = NULL;
    if (count == 5 && PyFrame_Check(given[4]))
        made = is_number(given[3]) ? with_number(given[1], given[2], given[3], given[4])
                                   : with_array(given[0], given[2], given[3], given[4]);
    return made != NULL || PyErr_Occurred() ? made : PyObject_Vectorcall(python_binary, given, count, NULL);
}

/* _scalar(name, a, b, frame) */
PyObject *
scalar(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    PyObject *made = NULL;
    if (count == 4 && PyFrame_Check(given[3]) && is_number(given[2]))
        made = with_number(given[0], given[1], given[2], given[3]);
    return made != NULL || PyErr_Occurred() ? made : PyObject_Vectorcall(python_scalar, given, count, NULL);
}

/* The types of ``cells``, a tuple; NULL if one is of another kind. */
static PyObject *
types_of(PyObject *cells)
{
    Py_ssize_t count = PyTuple_GET_SIZE(cells);
    for (Py_ssize_t i = 0; i < count; i++)
        if (Py_TYPE(PyTuple_GET_ITEM(cells, i)) != (PyTypeObject *)Cell)
            return NULL;
    PyObject *types = PyTuple_New(count);
    for (Py_ssize_t i = 0; types != NULL && i < count; i++)
        PyTuple_SET_ITEM(types, i, Py_NewRef(SLOT(PyTuple_GET_ITEM(cells, i), cell.type)));
    return types;
}

/* The key of a call in CALLS, made as ``specialize`` does: operator, types, attributes and their classes. NULL where an
   attribute is of a class of which more has to be known. */
static PyObject *
key_of(PyObject *operator, PyObject *cells, PyObject *attributes)
{
    Py_ssize_t count = PyTuple_GET_SIZE(attributes);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *each = PyTuple_GET_ITEM(attributes, i);
        if (each != Py_None && !PyLong_CheckExact(each) && !PyBool_Check(each) && !PyUnicode_CheckExact(each))
            return NULL;
    }
    PyObject *types = types_of(cells);
    PyObject *key = types == NULL ? NULL : PyTuple_New(count ? 3 + count : 2);
    if (key == NULL) {
        Py_XDECREF(types);
        return NULL;
    }
    PyTuple_SET_ITEM(key, 0, Py_NewRef(operator));
    PyTuple_SET_ITEM(key, 1, types);
    if (count)
        PyTuple_SET_ITEM(key, 2, Py_NewRef(attributes));
    for (Py_ssize_t i = 0; i < count; i++)
        PyTuple_SET_ITEM(key, 3 + i, Py_NewRef(Py_TYPE(PyTuple_GET_ITEM(attributes, i))));
    return key;
}

/* _apply(operator, cells, attributes, frame) */
PyObject *
call(PyObject *module, PyObject *const *given, Py_ssize_t count)
{
    PyObject *made = NULL, *found = NULL;
    if (count == 4 && PyFrame_Check(given[3]) && PyTuple_CheckExact(given[1]) && PyTuple_CheckExact(given[2]) &&
        PyTuple_GET_SIZE(given[1]) <= MOST_INPUTS) {
        found = known(bound_calls, key_of(given[0], given[1], given[2]));
        if (found != NULL) { /* a specialization and its numbers, none */
            PyObject *work = PyTuple_GET_ITEM(found, 0);
            if (Py_TYPE(work) == (PyTypeObject *)Specialization && PyTuple_GET_SIZE(SLOT(work, spec.writes)) == 0)
                made = array_of(work, &PyTuple_GET_ITEM(given[1], 0), PyTuple_GET_SIZE(given[1]),
                                PyTuple_GET_ITEM(found, 1), given[3]);
            Py_DECREF(found);
        }
    }
    return made != NULL || PyErr_Occurred() ? made : PyObject_Vectorcall(python_call, given, count, NULL);
}
