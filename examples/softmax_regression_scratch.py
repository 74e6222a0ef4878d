"""Softmax regression from scratch: one linear layer that tells ten kinds of images apart."""

from __future__ import annotations

from learn import Run, accuracy, images

from lazynd import autograd, nd


def softmax(scores: nd.NDArray) -> nd.NDArray:
    exponentials = (scores - scores.max(axis=1, keepdims=True)).exp()
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def cross_entropy(probabilities: nd.NDArray, y: nd.NDArray) -> nd.NDArray:
    return -nd.pick(probabilities, y).log()


def main() -> None:
    run = Run(__doc__, epochs=5)
    train, test = images(run)
    w, b = nd.random.normal(scale=0.01, shape=(784, 10)), nd.zeros(10)
    for each in (w, b):
        each.attach_grad()

    def net(x: nd.NDArray) -> nd.NDArray:
        return softmax(nd.dot(x.reshape((-1, 784)), w) + b)

    for x, y in run.batches(train):
        with autograd.record():
            loss = cross_entropy(net(x), y)
        loss.backward()
        for each in (w, b):
            each[:] = each - 0.1 * each.grad / x.shape[0]
        run.note(loss)
    run.result("test_accuracy", accuracy(net, test), at_least={"FashionMNIST": 0.73, "digits": 0.91})
    run.finish()


if __name__ == "__main__":
    main()
