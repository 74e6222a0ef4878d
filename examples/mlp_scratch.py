"""A multilayer perceptron from scratch: two linear layers with a rectifier between."""

from __future__ import annotations

from learn import Run, accuracy, images

from lazynd import autograd, gluon, nd

HIDDEN = 256


def main() -> None:
    run = Run(__doc__, epochs=8)
    train, test = images(run)
    w1, b1 = nd.random.normal(scale=0.05, shape=(784, HIDDEN)), nd.zeros(HIDDEN)
    w2, b2 = nd.random.normal(scale=0.05, shape=(HIDDEN, 10)), nd.zeros(10)
    parameters = [w1, b1, w2, b2]
    for each in parameters:
        each.attach_grad()

    def net(x: nd.NDArray) -> nd.NDArray:
        hidden = nd.maximum(nd.dot(x.reshape((-1, 784)), w1) + b1, 0)
        return nd.dot(hidden, w2) + b2

    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
    for x, y in run.batches(train):
        with autograd.record():
            loss = cross_entropy(net(x), y)
        loss.backward()
        for each in parameters:
            each[:] = each - 0.1 * each.grad / x.shape[0]
        run.note(loss)
    run.result("test_accuracy", accuracy(net, test), at_least={"FashionMNIST": 0.76, "digits": 0.93})
    run.finish()


if __name__ == "__main__":
    main()
