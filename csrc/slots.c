/* The classes, and where their slots are: asked of Python once, when its modules are imported. */

#include "slots.h"

PyObject *Node, *Output, *Cell, *Operation, *PendingWork, *NDArray, *Specialization;
PyObject *users, *config, *serial, *constant, *python_apply, *python_append, *python_binary, *python_scalar, *python_call;
PyObject *bound, *bound_scalar, *bound_calls, *local;
PyObject *zero, *empty, *name_eager, *name_state, *name_apply, *own_apply;
NodeSlots node;
OutputSlots output;
CellSlots cell;
EntrySlots entry;
SpecializationSlots spec;
LinearizedSlots linear;
RegionSlots region;
Py_ssize_t recorder_state, recorder_scope, recorder_regions, regions_open, state_recording, state_recorder;
Py_ssize_t variable_request, array_cell;

/* A slot, by class and name; -1 and an exception if there is none. */
static Py_ssize_t
offset_of(PyObject *type, const char *name)
{
    PyObject *member = PyObject_GetAttrString(type, name);
    Py_ssize_t offset = -1;
    if (member != NULL && Py_TYPE(member) == &PyMemberDescr_Type)
        offset = ((PyMemberDescrObject *)member)->d_member->offset;
    else if (member != NULL)
        PyErr_Format(PyExc_TypeError, "%R has no slot %s", type, name);
    Py_XDECREF(member);
    return offset;
}

#define FIND(where, type, name)                       \
    do {                                              \
        if ((where = offset_of(type, name)) < 0)      \
            return NULL;                              \
    } while (0)

PyObject *
prepare_nodes(PyObject *module, PyObject *arguments)
{
    if (!PyArg_ParseTuple(arguments, "OO", &Node, &Output))
        return NULL;
    Py_INCREF(arguments); /* the classes stay */
    FIND(node.spec, Node, "spec");
    FIND(node.inputs, Node, "inputs");
    FIND(node.scalars, Node, "scalars");
    FIND(node.type, Node, "type");
    FIND(node.value, Node, "value");
    FIND(node.region, Node, "region");
    FIND(node.code, Node, "code");
    FIND(node.lasti, Node, "lasti");
    FIND(node.scope, Node, "scope");
    FIND(output.node, Output, "node");
    FIND(output.index, Output, "index");
    FIND(output.type, Output, "type");
    FIND(output.value, Output, "value");
    Py_RETURN_NONE;
}

PyObject *
prepare_record(PyObject *module, PyObject *arguments)
{
    PyObject *Linearized, *Region, *Regions, *Recorder, *Variable;
    if (!PyArg_ParseTuple(arguments, "OOOOOOOOOOOOOOO", &PendingWork, &Cell, &Operation, &Specialization, &Linearized,
                          &Region, &Regions, &Recorder, &Variable, &users, &config, &serial, &constant, &python_apply,
                          &python_append))
        return NULL;
    Py_INCREF(arguments);
    FIND(cell.content, Cell, "content");
    FIND(cell.type, Cell, "type");
    FIND(cell.history, Cell, "history");
    FIND(cell.variable, Cell, "variable");
    FIND(cell.version, Cell, "version");
    FIND(entry.serial, Operation, "serial");
    FIND(entry.linear, Operation, "linear");
    FIND(entry.parents, Operation, "parents");
    FIND(entry.residuals, Operation, "residuals");
    FIND(entry.scalars, Operation, "scalars");
    FIND(entry.consumed, Operation, "consumed");
    FIND(entry.code, Operation, "code");
    FIND(entry.lasti, Operation, "lasti");
    FIND(entry.scope, Operation, "scope");
    FIND(spec.out_types, Specialization, "out_types");
    FIND(spec.pruned, Specialization, "pruned");
    FIND(spec.cost, Specialization, "cost");
    FIND(spec.writes, Specialization, "writes");
    FIND(spec.linearized, Specialization, "linearized");
    FIND(linear.spec, Linearized, "spec");
    FIND(linear.kept, Linearized, "kept");
    FIND(region.items, Region, "items");
    FIND(region.credit, Region, "credit");
    FIND(regions_open, Regions, "open");
    FIND(recorder_state, Recorder, "state");
    FIND(recorder_scope, Recorder, "scope");
    FIND(recorder_regions, PendingWork, "regions");
    FIND(variable_request, Variable, "request");
    Py_RETURN_NONE;
}

PyObject *
prepare_state(PyObject *module, PyObject *State)
{
    FIND(state_recording, State, "recording");
    FIND(state_recorder, State, "recorder");
    Py_RETURN_NONE;
}

PyObject *
prepare_binary(PyObject *module, PyObject *arguments)
{
    if (!PyArg_ParseTuple(arguments, "OOOOOO", &NDArray, &local, &bound, &python_binary, &bound_scalar, &python_scalar))
        return NULL;
    Py_INCREF(arguments);
    FIND(array_cell, NDArray, "_cell");
    Py_RETURN_NONE;
}

PyObject *
prepare_call(PyObject *module, PyObject *arguments)
{
    if (!PyArg_ParseTuple(arguments, "O!O", &PyDict_Type, &bound_calls, &python_call))
        return NULL;
    Py_INCREF(arguments);
    Py_RETURN_NONE;
}
