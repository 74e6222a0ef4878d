"""Programs of ``autograd`` whose results MXNet decides; see ``snippets``. Each leaves ``result``."""

_W = "w = nd.array([2., 3.]); w.attach_grad(); x = nd.array([1., 1.])\n"
_TRY = """
def raised(call):
    try:
        call()
    except Exception as error:
        return type(error).__name__
"""

PROGRAMS = {
    # ------------------------------------------------------------------------------------------ variables, requests
    "write overwrites": _W
    + """
for _ in range(2):
    with autograd.record(): y = w * w
    y.backward()
result = w.grad
""",
    "add adds": """
w = nd.array([2., 3.]); w.attach_grad(grad_req='add')
for _ in range(3):
    with autograd.record(): y = w * w
    y.backward()
result = w.grad
""",
    "null gives no gradient": """
w = nd.array([2.]); w.attach_grad(grad_req='null'); v = nd.array([3.]); v.attach_grad()
with autograd.record(): y = w * v
y.backward()
result = v.grad
""",
    "only null variables": _TRY
    + """
w = nd.array([2.]); w.attach_grad(grad_req='null')
with autograd.record(): y = w * 2
result = raised(y.backward)
""",
    "gradient before backward is zero": _W + "result = w.grad\n",
    "no gradient without attach_grad": "x = nd.ones((2,))\nresult = x.grad is None\n",
    "attach again resets": _W
    + """
with autograd.record(): y = w * w
y.backward()
w.attach_grad()
result = w.grad
""",
    "attach in the middle cuts": _W
    + """
with autograd.record():
    a = w * 2
    a.attach_grad()
    b = (a * a).sum()
b.backward()
result = [w.grad, a.grad]
""",
    "attach the variable in the middle": _W
    + """
with autograd.record():
    a = w * 2
    w.attach_grad()
    b = (a * w).sum()
b.backward()
result = w.grad
""",
    "mark_variables": """
w = nd.array([2., 3.]); g = nd.zeros((2,))
autograd.mark_variables([w], [g])
with autograd.record(): y = w * w
y.backward()
result = [g, w.grad]
""",
    "mark_variables with requests": """
w = nd.array([2., 3.]); g = nd.ones((2,)); v = nd.array([5., 7.]); h = nd.ones((2,))
autograd.mark_variables([w, v], [g, h], grad_reqs=['add', 'write'])
with autograd.record(): y = w * v
y.backward()
result = [g, h]
""",
    "two variables of equal content": """
a = nd.ones((2,)); b = nd.zeros((2,)); b[:] = a; a.attach_grad(); b.attach_grad()
with autograd.record(): z = (a * b).sum()
z.backward()
result = [a.grad, b.grad]
""",
    "integers have gradients": """
w = nd.array([2, 3], dtype='int32'); w.attach_grad()
with autograd.record(): y = w * 2
y.backward()
result = w.grad
""",
    "float16 keeps its dtype": """
w = nd.array([2, 3], dtype='float16'); w.attach_grad()
with autograd.record(): y = w * w
y.backward()
result = w.grad
""",
    "a variable may be its own head": _TRY
    + _W
    + """
with autograd.record(): y = w
result = [raised(lambda: y.backward()), w.grad]
""",
    "gradient buffer is the same memory": _W
    + """
g = w.grad
with autograd.record(): y = w * 3
y.backward()
result = [g, w.grad]
g[:] = 0
result.append(w.grad)
""",
    # ------------------------------------------------------------------------------------------------- versions
    "sum over versions": _W
    + """
with autograd.record():
    y = w * 2
    with autograd.pause(): w[:] = 5
    z = (y * w).sum()
z.backward()
result = w.grad
""",
    "written outside, still a variable": """
q = nd.array([1., 2.]); q.attach_grad()
q += 1
with autograd.record(): z = (q * q).sum()
z.backward()
result = q.grad
""",
    "used twice": _W
    + """
with autograd.record(): y = w * w * w
y.backward()
result = w.grad
""",
    "two heads of one body": _W
    + """
with autograd.record():
    h = w * w
    a = (h * 2).sum(); b = (h * 3).sum()
autograd.backward([a, b])
result = w.grad
""",
    "nested record": _W
    + """
with autograd.record():
    y = w * w
    with autograd.record(): z = y * w
z.backward()
result = w.grad
""",
    # ------------------------------------------------------------------------------------------------- consumed
    "twice without retain": _TRY
    + _W
    + """
with autograd.record(): y = w * w
y.backward()
result = raised(y.backward)
""",
    "twice with retain": _W
    + """
w.attach_grad(grad_req='add')
with autograd.record(): y = w * w
y.backward(retain_graph=True)
y.backward()
result = w.grad
""",
    "consumed becomes a constant": _W
    + """
with autograd.record(): s = x * w; l = (s * s).sum()
l.backward()
with autograd.record(): l2 = (s * w).sum()
l2.backward()
result = w.grad
""",
    "shared interior consumed": _TRY
    + _W
    + """
with autograd.record(): s = x * w; a = (s * 2).sum(); b = (s * 3).sum()
a.backward()
result = raised(b.backward)
""",
    "built from consumed only": _TRY
    + _W
    + """
with autograd.record(): h = w * w; l = h.sum()
l.backward()
with autograd.record(): m = (h * 3).sum()
result = raised(m.backward)
""",
    "not recorded": _TRY + _W + "y = w * w\nresult = raised(y.backward)\n",
    "no variable": _TRY
    + """
x = nd.ones((2,))
with autograd.record(): y = x * 2
result = raised(y.backward)
""",
    # ---------------------------------------------------------------------------------------------------- heads
    "head gradient": _W
    + """
with autograd.record(): y = w * w
y.backward(nd.array([10., 1.]))
result = w.grad
""",
    "head of several elements": _W
    + """
with autograd.record(): y = nd.dot(w.reshape((2, 1)), w.reshape((1, 2)))
y.backward()
result = w.grad
""",
    "some head gradients": _W
    + """
with autograd.record(): y = w * w; z = w * 2
autograd.backward([y, z], head_grads=[nd.array([10., 1.]), None])
result = w.grad
""",
    "one head of many outputs": _W
    + """
with autograd.record(): a, b = nd.split(w * w, num_outputs=2, axis=0)
a.backward()
result = w.grad
""",
    "backward inside record": _W
    + """
with autograd.record():
    y = w * w
    y.backward()
result = w.grad
""",
    "head in another list": _TRY
    + _W
    + """
with autograd.record(): y = w * w
result = raised(lambda: autograd.backward([y], head_grads=[]))
""",
    # ----------------------------------------------------------------------------------------------------- grad
    "grad returns and leaves .grad": _W
    + """
with autograd.record(): y = (w * w).sum()
g = autograd.grad(y, [w])
result = [type(g).__name__, g, w.grad]
""",
    "grad of one variable": _W
    + """
with autograd.record(): y = (w * w).sum()
g = autograd.grad(y, w)
result = [type(g).__name__, g]
""",
    "grad of an interior value": _TRY
    + _W
    + """
with autograd.record(): h = w * w; y = (h * 2).sum()
result = raised(lambda: autograd.grad(y, [h]))
""",
    "grad of an unreached variable": _TRY
    + _W
    + """
v = nd.ones((2,)); v.attach_grad()
with autograd.record(): y = (w * w).sum(); z = v * 2
result = raised(lambda: autograd.grad(y, [v]))
""",
    "grad with head gradients": _W
    + """
with autograd.record(): y = w * w
result = autograd.grad([y], [w], head_grads=[nd.array([5., 7.])])
""",
    "second order of sin": _W
    + """
with autograd.record():
    y = nd.sin(w)
    g = autograd.grad(y, [w], create_graph=True, retain_graph=True)[0]
g.backward()
result = w.grad
""",
    "second order of log": _W
    + """
with autograd.record():
    y = nd.log(w)
    g = autograd.grad(y, [w], create_graph=True, retain_graph=True)[0]
    z = (g * g).sum()
z.backward()
result = w.grad
""",
    # ------------------------------------------------------------------------------------------- detach, pause, views
    "detach": _W
    + """
v = w.detach()
with autograd.record(): z = (w * v).sum()
z.backward()
result = w.grad
""",
    "detach of an interior value": _W
    + """
with autograd.record():
    h = w * w
    z = (h * h.detach()).sum()
z.backward()
result = w.grad
""",
    "stop_gradient": _W
    + """
with autograd.record(): z = (w * nd.stop_gradient(w)).sum()
z.backward()
result = w.grad
""",
    "pause": _W
    + """
with autograd.record():
    a = w * 2
    with autograd.pause(): b = w * 3
    z = (a * b).sum()
z.backward()
result = w.grad
""",
    "views of a variable": """
w = nd.arange(6).reshape((2, 3)); w.attach_grad()
with autograd.record(): y = (w[0] * w[1]).sum() + w[:, 1].sum() + (w.reshape((3, 2)) * 2)[0].sum()
y.backward()
result = w.grad
""",
    "advanced index": """
w = nd.arange(4); w.attach_grad()
with autograd.record(): y = (w[nd.array([1, 1, 3])] * nd.array([1., 2., 3.])).sum()
y.backward()
result = w.grad
""",
    "copies keep history": _W
    + """
with autograd.record(): y = (w.copy() * w.as_in_context(mx.cpu(1)).as_in_context(mx.cpu(0))).sum()
y.backward()
result = w.grad
""",
    "casts keep history": _W
    + """
with autograd.record(): y = (w.astype('float64') * 2).astype('float16')
y.backward()
result = w.grad
""",
    # --------------------------------------------------------------------------------------------------- in place
    "in place on a variable": _TRY
    + _W
    + """
def write():
    global w
    w += 1
def assign(): w[:] = 1
def part(): w[0] = 1
with autograd.record():
    y = w * 2
    result = [raised(f) for f in (write, assign, part, lambda: nd.exp(w, out=w), lambda: nd.exp(w, out=y))]
y.backward()
result.append(w.grad)
""",
    "in place on a constant": _W
    + """
c = nd.zeros((2,))
with autograd.record():
    c += 3
    y = w * c
y.backward()
result = [c, w.grad]
""",
    # ------------------------------------------------------------------------------------------------------ scopes
    "scopes": """
seen = []
def note(): seen.append((autograd.is_recording(), autograd.is_training()))
note()
with autograd.record():
    note()
    with autograd.pause():
        note()
        with autograd.train_mode(): note()
    with autograd.predict_mode(): note()
    note()
with autograd.record(train_mode=False): note()
with autograd.pause(train_mode=True): note()
with autograd.train_mode(): note()
seen.append((autograd.set_recording(True), autograd.set_recording(False)))
seen.append((autograd.set_training(True), autograd.set_training(False)))
result = seen
""",
    "a scope ends with its error": """
try:
    with autograd.record():
        raise ValueError
except ValueError:
    pass
result = [autograd.is_recording(), autograd.is_training()]
""",
    "dropout follows the mode": """
x = nd.ones((100,))
a = nd.Dropout(x, p=0.5)
with autograd.train_mode(): b = nd.Dropout(x, p=0.5)
with autograd.record(train_mode=False): c = nd.Dropout(x, p=0.5)
result = [a.sum(), (b == 0).sum().asscalar() > 0, c.sum()]
""",
    # ---------------------------------------------------------------------------------------------------- Function
    "Function": """
class Sigmoid(autograd.Function):
    def forward(self, x):
        y = 1 / (1 + nd.exp(-x))
        self.save_for_backward(y)
        return y
    def backward(self, dy):
        y, = self.saved_tensors
        return dy * y * (1 - y)
x = nd.array([0., 1.]); x.attach_grad()
f = Sigmoid()
with autograd.record(): y = f(x) * 2
y.backward()
result = [y, x.grad]
""",
    "Function of several": """
class Both(autograd.Function):
    def forward(self, x, y): return x * y, x + y
    def backward(self, dp, ds): return dp * 10 + ds, dp * 100 + ds
x = nd.array([2.]); y = nd.array([3.]); x.attach_grad(); y.attach_grad()
with autograd.record():
    p, s = Both()(x, y)
    z = p * 2 + s * 5
z.backward()
result = [p, s, x.grad, y.grad]
""",
    "Function called again": """
class Square(autograd.Function):
    def forward(self, x):
        self.save_for_backward(x)
        return x * x
    def backward(self, dy):
        (x,) = self.saved_tensors
        return 2 * x * dy
square = Square()
x, y = nd.array([3.0]), nd.array([5.0])
x.attach_grad()
y.attach_grad()
with autograd.record():
    first = square(x)
    try:
        second = square(y)
    except AssertionError:
        second = Square()(y)
    (first + second).backward()
result = [x.grad, y.grad]
""",
    "Function outside record": """
class Double(autograd.Function):
    def forward(self, x): return x * 2
    def backward(self, dy): return dy * 2
result = [Double()(nd.array([1., 2.]))]
""",
    "Function sees no recording": """
seen = []
class Look(autograd.Function):
    def forward(self, x):
        seen.append(autograd.is_recording()); return x * 2
    def backward(self, dy):
        seen.append(autograd.is_recording()); return dy
x = nd.ones((1,)); x.attach_grad()
with autograd.record(): y = Look()(x)
y.backward()
x.grad.asnumpy()
result = seen
""",
    "wrong number of gradients": _TRY
    + """
class Wrong(autograd.Function):
    def forward(self, x, y): return x * y
    def backward(self, dz): return dz
x = nd.ones((1,)); x.attach_grad(); y = nd.ones((1,)); y.attach_grad()
with autograd.record(): z = Wrong()(x, y)
result = raised(lambda: (z.backward(), x.grad.asnumpy())) is not None
""",
    # ------------------------------------------------------------------------------------------ Python's control flow
    "loops and branches": """
a = nd.array([0.3]); a.attach_grad()
def f(a):
    b = a * 2
    while b.norm().asscalar() < 1000: b = b * 2
    return b if b.sum().asscalar() > 0 else 100 * b
with autograd.record(): c = f(a)
c.backward()
result = [a.grad, c / a]
""",
    "gradients at kinks": """
x = nd.array([-1., 0., 2.]); x.attach_grad()
found = []
for f in (nd.relu, nd.abs, nd.sign, lambda v: nd.maximum(v, 0), lambda v: nd.clip(v, 0, 2), lambda v: v ** 2, nd.round):
    with autograd.record(): y = f(x)
    y.backward()
    found.append(x.grad.copy())
result = found
""",
    "ties of extrema": """
x = nd.array([[1., 3., 3.], [2., 2., 2.]]); x.attach_grad()
found = []
for f in (lambda v: v.max(axis=1), lambda v: v.min(axis=1), lambda v: nd.maximum(v, v),
          lambda v: nd.topk(v, k=1, ret_typ='value')):
    with autograd.record(): y = f(x)
    y.backward()
    found.append(x.grad.copy())
result = found
""",
    "gradients of reductions": """
x = nd.array([[1., 2.], [3., 4.]]); x.attach_grad()
found = []
for f in (lambda v: v.sum(), lambda v: v.mean(axis=0), lambda v: v.prod(), lambda v: v.norm(),
          lambda v: v.norm(ord=1, axis=1), lambda v: nd.softmax(v)[0, 0], lambda v: nd.log_softmax(v)[0],
          lambda v: nd.pick(v, nd.array([0, 1])),
          lambda v: nd.take(v, nd.array([1, 1])), lambda v: nd.dot(v, v), lambda v: nd.concat(v, v, dim=0)[0],
          lambda v: nd.where(v > 2, v * 5, v), lambda v: nd.smooth_l1(v, scalar=1.0),
          lambda v: nd.make_loss(v * 2) * 7):
    with autograd.record(): y = f(x)
    y.backward()
    found.append(x.grad.copy())
result = found
""",
    # ------------------------------------------------------------------------------------------------ heads
    "a head given again": """
def gradients(names, numbers=None, request='write', through=autograd.backward):
    x = nd.array([1., 2.]); x.attach_grad(grad_req=request)
    with autograd.record():
        y = x * 2
        z = y * 3
        a, b = nd.split(x, 2, axis=0)
        arrays = {'x': x, 'y': y, 'z': z, 'a': a, 'b': b, 'same': y[:], 'w': x * 5}
    heads = [arrays[name] for name in names]
    given = None if numbers is None else [n if n is None else nd.array([n, n]) for n in numbers]
    if through is autograd.grad:
        return through(heads, [x], given)[0]
    through(heads, given)
    return x.grad

cases = [('xx', None), ('xxx', None), ('xx', [3, 5]), ('xx', [3, None]), ('xx', [None, 5]), ('yy', None),
         ('yyy', None), ('yy', [3, 5]), ('yy', [3, None]), ('yy', [None, 5]), ('yyy', [3, 5, 7]), ('yz', None),
         ('zy', [5, 7]), ('zyy', [1, 5, 7]), ('yzy', None), ('xy', None), ('yx', [5, 7]), ('xxy', [5, 7, 1]),
         ('ab', None), ('aa', None), (['y', 'same'], None), (['y', 'w', 'y'], [1, 1, 9])]
result = [gradients(*case, through=f) for case in cases for f in (autograd.backward, autograd.grad)]
result += [gradients(*case, request='add') for case in cases]
""",
}
