/* What the files of the C module share: the classes of Python, and where their slots are.

   The module holds the hottest lines of recording and planning again. It is optional: the Python beside each is the
   reference, runs where the module is absent, and is called for everything that is not the plain case. Six functions
   are here twice: apply and append of PendingWork (pending.py) in record.c; _binary and _scalar (ndarray.py), and _apply (generate.py)
   in call.c; _walk (plan.py) in plan.c.

   The classes are Python's; their slots are read and written at the offsets that Python tells (slots.c). A function
   changes what others see only after all that sends it back to Python, which then starts from what was there before. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

/* Raised with every change of what Python and C agree on; lazynd/speed.py leaves a module of another number aside. */
#define SEAM 3
/* Calls of more arrays may be joins, of which Python knows more. */
#define MOST_INPUTS 8

#define SLOT(object, offset) (*(PyObject **)((char *)(object) + (offset)))

typedef struct {
    Py_ssize_t spec, inputs, scalars, type, value, region, code, lasti, scope;
} NodeSlots;
typedef struct {
    Py_ssize_t node, index, type, value;
} OutputSlots;
typedef struct {
    Py_ssize_t content, type, history, variable, version;
} CellSlots;
typedef struct {
    Py_ssize_t serial, linear, parents, residuals, scalars, consumed, code, lasti, scope;
} EntrySlots;
typedef struct {
    Py_ssize_t out_types, pruned, cost, linearized, writes;
} SpecializationSlots;
typedef struct {
    Py_ssize_t spec, kept;
} LinearizedSlots;
typedef struct {
    Py_ssize_t items, credit;
} RegionSlots;

extern PyObject *Node, *Output, *Cell, *Operation, *PendingWork, *NDArray, *Specialization;
extern PyObject *users, *config, *serial, *constant, *python_apply, *python_append, *python_binary, *python_scalar, *python_call;
extern PyObject *bound, *bound_scalar, *bound_calls, *local;
extern PyObject *zero, *empty, *name_eager, *name_state, *name_apply, *own_apply;
extern NodeSlots node;
extern OutputSlots output;
extern CellSlots cell;
extern EntrySlots entry;
extern SpecializationSlots spec;
extern LinearizedSlots linear;
extern RegionSlots region;
extern Py_ssize_t recorder_state, recorder_scope, recorder_regions, regions_open, state_recording, state_recorder;
extern Py_ssize_t variable_request, array_cell;

/* What is recorded: ``work`` on cells; the entry of the tape has ``linear`` and ``parents``. */
typedef struct {
    PyObject *recorder, *open, *work, *scalars, *code, *lasti;
    PyObject *inputs;           /* of the node: all of ``refs``, or those that are read */
    PyObject *refs;             /* the contents of the cells */
    PyObject *linear, *parents; /* NULL off the tape */
    /* ``record`` holds open, inputs, refs, linear and parents; its caller, or these, the others. */
} Recording;

PyObject *record(Recording *r, PyObject *const *cells, Py_ssize_t count);
PyObject *prepare_nodes(PyObject *module, PyObject *arguments);
PyObject *prepare_record(PyObject *module, PyObject *arguments);
PyObject *prepare_state(PyObject *module, PyObject *State);
PyObject *prepare_binary(PyObject *module, PyObject *arguments);
PyObject *append(PyObject *self, PyObject *const *given, Py_ssize_t count);
PyObject *apply(PyObject *self, PyObject *const *given, Py_ssize_t count);
PyObject *prepare_call(PyObject *module, PyObject *arguments);
PyObject *scalar(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *call(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *binary(PyObject *module, PyObject *const *given, Py_ssize_t count);
PyObject *walk(PyObject *module, PyObject *given);

/* Fill an empty slot with a new reference. */
static inline void
fill(PyObject *object, Py_ssize_t offset, PyObject *value)
{
    SLOT(object, offset) = Py_NewRef(value);
}

static inline PyObject *
empty_instance(PyObject *type)
{
    return ((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
}
