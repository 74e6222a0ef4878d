"""Statements that are run here and in MXNet, session by session: what they give, or the class of their error."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np

from .asked import answer

_BEGIN = """
d = S.var('data')
f = S.FullyConnected(d, num_hidden=4, name='fc')
e = S.elemwise_add(d, S.var('b'), name='sum')
sp = S.split(d, num_outputs=3, name='sp')
g = S.Group([f, d])
bn = S.BatchNorm(f, name='bn')
"""
#: Lines by session. What Python evaluates is asked, what it executes is done.
# ruff: noqa: E501
SESSIONS = {
    "outputs": """
d[0]
d['data']
d[1]
d['x']
d[-1]
d[0:1]
d[1.5]
list(d)
g
g.name
g['fc_output']
g['fc']
g[1]
g[2]
g[0:2]
g.list_attr()
g.attr('x')
g.get_children()
S.Group([])
S.Group([1])
S.Group([g, f]).list_outputs()
S.Group([d, d])
S.Group([bn, bn[0]]).name
sp
sp[1]
sp[1].list_outputs()
sp['sp_output1']
len(sp)
[each.list_outputs() for each in sp]
S.relu(sp)
sp + 1
S.split(d, num_outputs=1).list_outputs()
S.split_v2(d, 2).list_outputs()
S.split_v2(d, (1, 2, 4)).list_outputs()
S.split_v2(d, (1, 2, 4)).list_attr()
S.split_v2(d, 1).list_outputs()
S.split_v2(d, 'a')
i = S.relu(f, name='r').get_internals()
i
i['fc_output']
i[3].name
i[3:5]
i[::2]
i['r']
dup = S.Group([f, S.relu(d, name='fc')])
dup['fc_output']
d.get_children()
sp.get_children()
sp[0].get_internals().list_outputs()
""",
    "arithmetic": """
(d + 1).name, (d + 1).list_attr()
(d + 0.1).list_attr(), (d + np.float32(1)).list_attr()
(d + d).name, (d + d).list_attr()
(1 + d).name, (1 - d).name, (2 / d).name, (2 % d).name, (2 ** d).name, (-d).name, abs(d).name
(-d).list_attr()
(1 > d).name, (1 <= d).name
d == None
d + None
d + 'a'
d + [1]
d + True
d + np.ones(2)
np.ones(2) + d
np.float32(2) * d
bool(d)
hash(d)
d // 2
d @ d
divmod(d, 2)
~d
+d
round(d)
float(d)
iadd = d.__iadd__
iadd(1)
d in [d]
[d].index(d)
S.pow(2, d).name, S.pow(d, 2).name, S.power(d, d).name, S.pow(2, 3)
S.maximum(2, d).name, S.minimum(d, d).name, S.hypot(3, 4), S.maximum(2, 3)
S.minimum(d, 'a')
S.hypot(d, 3).list_attr()
""",
    "arrays only": """
d.asnumpy()
d.wait_to_read()
d.asscalar()
d.copy()
d.detach()
d.as_in_context()
d.backward()
f.gradient(['data'])
d.shape
d.foo
d[0] = 1
d.as_nd_ndarray()
""",
    "variables": """
S.var('w', attr={'a': '1'}, shape=(2, 3), lr_mult=2, wd_mult=.5, dtype='float16', init='zeros', stype='row_sparse', __foo__='x').list_attr()
S.var('w', shape=(2, 3)).infer_shape()
S.var('w', dtype=np.float32).list_attr()
S.var('w', dtype='int32').list_attr()
S.var('w', dtype='float16').infer_type()
S.var('w', foo='x')
S.var('w', __foo__=3)
S.var(3)
S.var(None)
S.var('')
S.var('w', attr={'a': 1})
S.var('w', attr={'a_lr_mult': '1'})
S.var('w', attr={'lr_mult': '2'}).list_attr()
S.var('w', stype='foo')
S.var('w', shape=3).list_attr(), S.var('w', shape=[1, 2]).list_attr()
S.var('w', shape=(0, 2)).infer_shape()
S.Variable is S.var
S.var('w', __lr_mult__='3').list_attr()
(S.var('x', shape=(2, 3)) + d).infer_shape()
(S.var('x', shape=(2, 3)) + d).infer_shape(x=(3, 4))
(S.var('x', dtype='float16') + d).infer_type()
(S.var('x', dtype='float16') + d).infer_type(x='float32')
S.var('x').attr('name'), S.var('x').attr('shape')
S.var('w', lr_mult=2).attr('lr_mult'), S.var('w', lr_mult=2).attr('__lr_mult__')
""",
    "calls": """
S.FullyConnected(d, num_hidden=4, foo=3)
S.FullyConnected(d, num_hidden='x')
S.FullyConnected(d, num_hidden=None)
S.FullyConnected(d)
S.FullyConnected(d, num_hidden=4, weight_lr_mult=3)
S.FullyConnected(d, num_hidden=4, attr={'a': 3})
S.FullyConnected(d, num_hidden=4, lr_mult=3, name='q').attr_dict()
S.FullyConnected(d, num_hidden=4, __a__='3', name='q').attr_dict()
S.FullyConnected(d, None, num_hidden=3, name='q').list_arguments()
S.FullyConnected(d, num_hidden=3, weight=None, name='q').list_arguments()
S.FullyConnected(d, num_hidden=3, bias=d, no_bias=True)
S.FullyConnected(d, 3)
S.FullyConnected(d, S.var('w'), S.var('b'), 3).list_attr()
S.FullyConnected(d, num_hidden=3, no_bias=True, name='q').list_arguments()
S.FullyConnected(num_hidden=3, name='q').list_arguments()
S.relu(d, foo=1).list_attr()
S.relu(d, __foo__=1).list_attr()
S.relu(d, lr_mult=1, ctx_group='dev', mirror_stage='True').list_attr()
S.relu(1)
S.relu(data=d).list_arguments()
S.relu(x=d)
S.relu(name='r').list_arguments()
S.relu(d, name='a', attr=None)
S.relu(d, 'nm')
S.relu(d, None).list_arguments()
S.sum(d, 1, True, False, 'nm')
S.sum(d, axis=None).list_attr()
S.sum(d, axis=(0, 1), keepdims=True).list_attr()
S.elemwise_add(d, name='q').list_arguments()
S.elemwise_add(rhs=d, name='q').list_arguments()
S.elemwise_add(d, 1)
S.Concat(d, d).list_attr()
S.Concat(d, d, dim=2, num_args=2).list_attr()
S.Concat(*[d, d], name='c').list_outputs()
S.Concat()
S.Concat(num_args=2, name='q').list_arguments()
S.Concat(arg0=d, arg1=d, num_args=2).list_arguments()
S.Concat(arg1=d, num_args=2, name='q').list_arguments()
S.Concat(d, foo=1)
S.Concat(d, data=d)
S.Concat(d, 1)
S.concat(d, d, dim=None)
S.add_n(num_args=3, name='q').list_arguments()
S.stack(d, d, axis=1).list_attr()
S.ElementWiseSum(d, d, name='q').list_outputs()
S.UpSampling(d, scale=2, sample_type='bilinear', name='q').list_arguments()
S.Crop(d, num_args=2, name='q').list_arguments()
S.Crop(d, d).list_attr()
S.Convolution(d, kernel=(3, 3), num_filter=4, stride=[1, 1], cudnn_tune=None).list_attr()
S.transpose(d, axes=None).list_attr()
S.batch_dot(d, d, True, True).list_attr()
S.clip(d, 0)
S.Pooling(d, kernel=2)
d.reshape((2, 3), reverse=True).list_attr()
d.transpose((1, 0)).list_attr()
d.squeeze(0).list_attr(), d.squeeze().list_attr()
d.expand_dims(0).list_attr(), d.flatten(inplace=True).list_attr(), d.diag().list_attr()
d.astype('float16').list_attr(), d.astype(np.float16).list_attr()
d.sum(axis=1, name='s')
S.Custom(d)
S.Custom(d, op_type='nope')
""",
    "names": """
S.Softmax(d).name, S.linalg.gemm2(d, d).name, S.random.uniform(0, 1, shape=(2,)).name, S.random.uniform(d, d).name
S.random.uniform_like(d).name, S.uniform().name, S.random_uniform().name, S.normal(shape=(2,)).name
S.contrib.MultiBoxPrior(d).name, S.image.to_tensor(d).name, S.sparse.sum(d).name, S.op.relu(d).name
S._internal._plus(d, d).name, S._internal._PlusScalar(d, scalar=3).name, S.broadcast_axes(d, axis=1, size=2).name
S.concat(d, d).name, S.Concat(d, d).name, S.add_n(d, d).name, S.choose_element_0index(d, d).name
S.zeros((2,)).name, S.ones((2,)).name, S.full((2,), 1).name, S.arange(3).name, S.eye(3).name, S.linspace(0, 1, 3).name
d.astype('float16').name, d.slice(0, 1).name, d.swapaxes(0, 1).name, d.flip(0).name, d.round().name
S.arange(3, name='q').name, S.zeros((2, 3), name='zz').name
S.random.multinomial(d).name, S.random.shuffle(d).name, S.random.randn(2, 3).name, S.random.gamma(d, d).name
[each.name for each in S.contrib.rand_zipfian(d, 3, 5)]
with mx.name.Prefix('net_'): q = S.FullyConnected(S.var('z'), num_hidden=3)
q.list_arguments(), q.name
with mx.name.Prefix('net_'): q = S.relu(S.var('z') + 1, name='r')
q.name, q.get_internals().list_outputs()
with mx.AttrScope(ctx_group='dev1', __a__='b'): q = S.FullyConnected(S.var('z'), num_hidden=3, name='k')
q.attr_dict()
with mx.AttrScope(lr_mult='4', a='3'): q = S.var('z', lr_mult=2)
q.attr_dict()
with mx.AttrScope(a='3'): q = S.FullyConnected(S.var('z'), num_hidden=3, name='k')
""",
    "nothing": """
S.zeros((2, 3)).list_attr(), S.ones((2, 3), dtype='int32').list_attr(), S.full((2,), 3).list_attr()
S.arange(3).list_attr(), S.arange(1, 5, 2, repeat=2).list_attr(), S.eye(3).list_attr(), S.linspace(0, 1, 5).list_attr()
S.zeros(3).list_attr()
S.zeros((2, 3), attr={'a': 'b'})
S.ones(2, foo=3)
S.full((2,), d)
S.eye(2, dtype='float64', ctx=mx.cpu(0)).list_attr()
S.random.uniform(0, 1, shape=(2,)).list_attr(), S.random.normal(0, 1, (2, 3), dtype='float16').list_attr()
S.random.exponential(2, (2,)).list_attr(), S.random.gamma(1, 2).list_attr(), S.random.randint(0, 3).list_attr()
S.random.multinomial(d, shape=2, get_prob=False).list_attr(), S.random.multinomial(d).list_outputs()
S.random.uniform(d, 1)
S.random.uniform('a')
S.random.exponential(d, name='q').get_internals().list_outputs()[0]
S.histogram(d, 5, (0, 1), name='h').list_outputs()
S.histogram(d, 5)
""",
    "shapes": """
f.infer_shape()
f.infer_shape(data=(2, 3))
f.infer_shape(fc_weight=(4, 3))
f.infer_shape_partial()
f.infer_shape_partial(data=(0, 3))
f.infer_shape(data=(0, 3))
f.infer_shape(data=(2, 3), fc_weight=(4, 4))
f.infer_shape(foo=(2, 3))
f.infer_shape_partial(foo=(2, 3))
f.infer_shape((2, 3), data=(2, 3))
f.infer_shape(data=2)
f.infer_shape(data=[2, 3])
f.infer_shape(data='a')
f.infer_shape(data=None)
f.infer_shape(data=(2.5, 3))
f.infer_shape(data=(2, 'a'))
f.infer_shape(data=())
e.infer_shape(data=(2, 3)), e.infer_shape(b=(2, 3))
e.infer_shape(data=(2, 0), b=(0, 3))
e.infer_shape_partial(data=(2, 0))
e.infer_shape(data=(2, 3), b=(3, 2))
e.infer_shape_partial(data=(2, 3), b=(3, 2))
S.Convolution(d, kernel=(3, 3), num_filter=2).infer_shape(data=(2, 3))
S.dot(d, S.var('w')).infer_shape(data=(2, 3))
S.dot(d, S.var('w')).infer_shape(data=(2, 3), w=(4, 5))
S.Group([S.var('v%d' % i) for i in range(12)]).infer_shape()
bn.infer_shape(data=(2, 3))
sp.infer_shape(data=(2, 6))
with mx.util.np_shape(True): q = f.infer_shape_partial()
q
with mx.util.np_shape(True): q = f.infer_shape_partial(data=(-1, 3))
q
with mx.util.np_shape(True): q = (S.var('x', shape=()) + 1).infer_shape()
q
""",
    "types": """
f.infer_type()
f.infer_type(data='float16'), f.infer_type(data=np.int32)
f.infer_type(data='float16', fc_bias='float32')
f.infer_type_partial(), f.infer_type_partial(data='float32')
f.infer_type(foo='float32')
f.infer_type(data='foo')
f.infer_type('float32', data='float32')
e.infer_type(data='int32')
S.Cast(d, dtype='int32').infer_type()
S.Cast(d, dtype='int32').infer_type(data='float32')
bn.infer_type(data='float16')
S.Embedding(d, input_dim=3, output_dim=4, name='em').infer_type(data='int32')
S.argmax(d).infer_type()
S.zeros((2,)).infer_type()
S.Group([S.var('v%d' % i) for i in range(12)]).infer_type()
""",
    "composing": """
n = f(data=S.relu(S.var('q'), name='r'))
n
n.list_arguments(), f.list_arguments()
f(S.var('q'))
f(data=S.var('q'), name='zz')
f(data=S.var('q'), name='zz').list_arguments()
f(S.var('q'), fc_bias=S.var('z'))
f(data=1)
f(1)
f(foo=d)
f().list_arguments()
f(data=sp)
f(data=None)
d(data=f).list_outputs()
S.Group([f, e])(data=S.var('k')).list_arguments()
S.Group([f, e])(data=S.var('k'), name='g')
f(fc_weight=e).list_arguments()
bn(bn_moving_mean=S.var('mm')).list_auxiliary_states()
bn(data=d, bn_gamma=S.var('bn_moving_mean')).list_arguments()
S.BatchNorm(d, moving_mean=d, name='z').list_auxiliary_states()
S.BatchNorm(d, moving_mean=S.relu(d), name='z').list_auxiliary_states()
copy.copy(f).list_arguments(), copy.deepcopy(f).list_outputs(), pickle.loads(pickle.dumps(bn)).list_inputs()
c = copy.copy(f)
c._set_attr(foo='bar')
f._set_attr(foo=3)
f._set_attr(lr_mult='3')
f.list_attr(), f.attr('lr_mult'), c.list_attr().get('lr_mult')
g._set_attr(foo='3')
f.list_attr(recursive=True)
""",
    "values": """
e.eval(data=mx.nd.ones((2,)), b=mx.nd.ones((2,)))
e.eval(mx.cpu(), data=mx.nd.ones((2,)), b=mx.nd.ones((2,)))
e.eval(data=mx.nd.ones((2,)))
e.eval(data=mx.nd.ones((2,)), b=mx.nd.ones((3,)))
e.eval(data=mx.nd.ones((2,)), b=mx.nd.ones((2,)), c=mx.nd.ones(3))
e.eval(data=mx.nd.ones((2,)), b=3)
e.eval(data=mx.nd.ones((2,)), b=mx.nd.ones((2,), dtype='int32'))
f.eval(data=mx.nd.ones((2, 3)), fc_weight=mx.nd.ones((4, 3)), fc_bias=mx.nd.zeros(4))
S.Group([d, e]).eval(data=mx.nd.ones((2,)), b=mx.nd.ones((2,)))
S.zeros((2,)).eval()
S.arange(1, 7, 2).eval(), S.eye(2).eval(), S.full((2,), 7).eval(), S.linspace(0, 1, 5).eval()
S.split_v2(d, (1, 3)).eval(data=mx.nd.arange(6))
sp.eval(data=mx.nd.arange(6).reshape((2, 3)))
""",
}


def answers(name: str, mx: Any) -> list[Any]:
    """What the lines of a session give with ``mx``: a question and its answer, or an empty one if nothing is asked."""
    names: dict[str, Any] = {"mx": mx, "S": mx.sym, "np": np, "copy": copy, "pickle": pickle}
    found = []
    with mx.name.NameManager():
        exec(_BEGIN, names)
        for line in filter(None, SESSIONS[name].splitlines()):
            with mx.name.NameManager():
                found.append([line, answer(lambda line=line: _do(line, names))])  # type: ignore[misc]
    return found


def _do(line: str, names: dict[str, Any]) -> Any:
    try:
        code = compile(line, "<session>", "eval")
    except SyntaxError:
        exec(line, names)
        return None
    return eval(code, names)
