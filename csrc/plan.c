/* The walk over pending items that finds the key of their plan. */

#include "slots.h"

/* What a walk over pending items finds; see Plan. ``groups``: the smaller number that each group was joined to. */
typedef struct {
    PyObject *position, *key, *leaves, *scalars, *foreign, *numbers;
    long *uses, *groups;
} Walk;

static long
root_of(long *groups, long a)
{
    while (groups[a] != a)
        a = groups[a] = groups[groups[a]];
    return a;
}

static int
add_number(PyObject *list, long number)
{
    PyObject *value = PyLong_FromLong(number);
    int failed = value == NULL || PyList_Append(list, value) < 0;
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

/* An operand that is no item: a leaf, each buffer of which has one number, or pending in another region. */
static int
walk_leaf(Walk *w, PyObject *ref)
{
    PyObject *value = SLOT(ref, Py_TYPE(ref) == (PyTypeObject *)Node ? node.value : output.value);
    if (value == Py_None)
        return PyList_Append(w->foreign, ref);
    PyObject *identity = PyLong_FromVoidPtr(value);
    PyObject *found = identity == NULL ? NULL : PyDict_GetItemWithError(w->numbers, identity);
    long number = found == NULL ? (long)PyList_GET_SIZE(w->leaves) : PyLong_AsLong(found);
    int failed = identity == NULL || PyErr_Occurred() != NULL;
    if (!failed && found == NULL) {
        PyObject *made = PyLong_FromLong(number);
        failed = made == NULL || PyDict_SetItem(w->numbers, identity, made) < 0 || PyList_Append(w->leaves, ref) < 0;
        Py_XDECREF(made);
    }
    Py_XDECREF(identity);
    return failed ? -1 : add_number(w->key, ~number);
}

static int
walk_node(Walk *w, PyObject *item, long number)
{
    PyObject *inputs = SLOT(item, node.inputs), *scalars = SLOT(item, node.scalars);
    long group = number;
    if (!PyTuple_CheckExact(inputs) || PyList_Append(w->key, SLOT(item, node.spec)) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(inputs); i++) {
        PyObject *ref = PyTuple_GET_ITEM(inputs, i), *found = PyDict_GetItemWithError(w->position, ref);
        if (found == NULL) {
            if (PyErr_Occurred() || walk_leaf(w, ref) < 0)
                return -1;
            continue;
        }
        long at = PyLong_AsLong(found), other = root_of(w->groups, at);
        if (PyList_Append(w->key, found) < 0)
            return -1;
        w->uses[at]++;
        if (group == number)
            group = other;
        else if (other != group) {
            long high = group < other ? other : group;
            group = group < other ? group : other;
            w->groups[high] = group;
        }
    }
    w->groups[number] = group;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(scalars); i++)
        if (PyList_Append(w->scalars, PyTuple_GET_ITEM(scalars, i)) < 0)
            return -1;
    return 0;
}

static int
walk_items(Walk *w, PyObject *const *items, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *number = PyLong_FromSsize_t(i);
        int failed = number == NULL || PyDict_SetItem(w->position, items[i], number) < 0;
        Py_XDECREF(number);
        if (failed)
            return -1;
        w->groups[i] = (long)i;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (Py_TYPE(items[i]) == (PyTypeObject *)Node) {
            if (walk_node(w, items[i], (long)i) < 0)
                return -1;
            continue;
        }
        PyObject *owner = PyDict_GetItemWithError(w->position, SLOT(items[i], output.node));
        if (owner == NULL) {
            if (!PyErr_Occurred())
                PyErr_SetObject(PyExc_KeyError, SLOT(items[i], output.node));
            return -1;
        }
        long at = PyLong_AsLong(owner);
        w->uses[at]++;
        w->groups[i] = w->groups[at];
    }
    return 0;
}

static PyObject *
list_of(const long *numbers, Py_ssize_t count)
{
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        PyObject *number = PyLong_FromLong(numbers[i]);
        if (number == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, number);
    }
    return list;
}

/* walk(items): key, leaves, scalars, foreign, uses, position, groups; see _walk */
PyObject *
walk(PyObject *module, PyObject *given)
{
    PyObject *items = PySequence_Fast(given, "items to plan");
    if (items == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items);
    Walk w = {PyDict_New(), PyList_New(0), PyList_New(0), PyList_New(0), PyList_New(0), PyDict_New(),
              PyMem_Calloc(count + 1, sizeof(long)), PyMem_Calloc(count + 1, sizeof(long))};
    PyObject *found = NULL;
    if (!w.position || !w.key || !w.leaves || !w.scalars || !w.foreign || !w.numbers || !w.uses || !w.groups)
        PyErr_NoMemory();
    else if (walk_items(&w, PySequence_Fast_ITEMS(items), count) == 0) {
        PyObject *key = PyList_AsTuple(w.key), *uses = list_of(w.uses, count), *groups = list_of(w.groups, count);
        if (key != NULL && uses != NULL && groups != NULL)
            found = PyTuple_Pack(7, key, w.leaves, w.scalars, w.foreign, uses, w.position, groups);
        Py_XDECREF(key);
        Py_XDECREF(uses);
        Py_XDECREF(groups);
    }
    else if (!PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "an item to plan forgot what it reads");
    Py_XDECREF(w.position);
    Py_XDECREF(w.key);
    Py_XDECREF(w.leaves);
    Py_XDECREF(w.scalars);
    Py_XDECREF(w.foreign);
    Py_XDECREF(w.numbers);
    PyMem_Free(w.uses);
    PyMem_Free(w.groups);
    Py_DECREF(items);
    return found;
}
