"""What was found out about a workload that is slower than the best peer; the page tells only of those that are.

Only what the parts of a step, or a measurement beside them, have shown, without the shares that the page computes.
"""

from __future__ import annotations

CAUSES = {
    "resnet_inference": "Nearly all of it is the program, one for the whole network; recording its layers is the rest "
    "of the imperative spelling.",
    "resnet_training": "Nearly all of it is the program. By hand, the slope of the largest pooling as phases saved "
    "73 of 555 ms of the processor; XLA scatters it.",
    "densenet_training": "Nearly all of it is the program: convolutions with their transposes, slopes of the widest "
    "inputs and kernels first, and the joining of channels.",
    "lenet_training": "Nearly all of it is the program: the slopes of the second convolution, whose six channels take "
    "XLA's general path, are half of it, the scatters of pooling a sixth.",
    "lstm_scratch": "The products of one state with the weights of four gates stay four in each step; written "
    "imperatively the step is over the size of one program, and is cut before its loop is found.",
    "mlp_50": "Python: fifty layers with their slopes and a hundred updates are recorded anew in each step, beside a "
    "program of 2 ms. Compiled whole, Python takes a fifth of that and the call, with its hundred arrays in and out, "
    "a seventh.",
    "lenet_inference": "Python: recording six layers anew, finding the program and reading the result take longer than "
    "the program.",
    "adds": "Recording: a thousand operators with an entry of the tape each, and planning them. The program takes less "
    "than a hundredth, as the additions have become one product.",
    "control_flow": "Ten reads a step, each of which plans and calls a program of its own; reading and planning take "
    "several times as long as the programs.",
    "unread": "Recording takes half as long as the programs, as far as it does not run beside them.",
}
