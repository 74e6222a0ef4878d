/* lazynd._speed: its functions, and how PendingWork gets its methods. */

#include "slots.h"

static PyMethodDef methods[] = {
    {"apply", (PyCFunction)(void (*)(void))apply, METH_FASTCALL, "Record an operation with one visible output."},
    {"append", (PyCFunction)(void (*)(void))append, METH_FASTCALL, "All outputs of a new node, off the tape."},
};

/* install(PendingWork): its ``apply`` and ``append`` are those above. */
static PyObject *
install(PyObject *module, PyObject *type)
{
    for (int i = 0; i < 2; i++) {
        PyObject *method = PyDescr_NewMethod((PyTypeObject *)type, &methods[i]);
        int failed = method == NULL || PyObject_SetAttrString(type, methods[i].ml_name, method) < 0;
        Py_XDECREF(method);
        if (failed)
            return NULL;
    }
    own_apply = PyObject_GetAttr(type, name_apply);
    if (own_apply == NULL)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"prepare_nodes", prepare_nodes, METH_VARARGS, "Find the slots of Node and Output."},
    {"prepare_record", prepare_record, METH_VARARGS, "Find the slots that recording writes."},
    {"prepare_state", prepare_state, METH_O, "Find the slots of a thread's State."},
    {"prepare_binary", prepare_binary, METH_VARARGS, "Find the slots of NDArray."},
    {"install", install, METH_O, "Give PendingWork this module's methods."},
    {"binary", (PyCFunction)(void (*)(void))binary, METH_FASTCALL, "An operator of two arrays; see ndarray._binary."},
    {"scalar", (PyCFunction)(void (*)(void))scalar, METH_FASTCALL, "An array and a number; see ndarray._scalar."},
    {"prepare_call", prepare_call, METH_VARARGS, "What call looks into, and asks else."},
    {"call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, "A call of an operator; see generate._apply."},
    {"walk", walk, METH_O, "What a plan of items is made of; see plan._walk."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_speed",
    .m_doc = "The hottest lines of recording and planning again.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC
PyInit__speed(void)
{
    zero = PyLong_FromLong(0);
    empty = PyTuple_New(0);
    name_eager = PyUnicode_InternFromString("eager");
    name_state = PyUnicode_InternFromString("state");
    name_apply = PyUnicode_InternFromString("apply");
    if (zero == NULL || empty == NULL || name_eager == NULL || name_state == NULL ||
        name_apply == NULL)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && PyModule_AddIntConstant(module, "SEAM", SEAM) < 0)
        Py_CLEAR(module);
    return module;
}
