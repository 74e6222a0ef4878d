"""Data sets of images: well-known ones from their original files, and those of the user."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from warnings import warn

import numpy as np

from .... import image, recordio
from ....base import data_dir
from ....nd import NDArray
from ....nd.host import adopted
from ....reference import fronts
from ..dataset import Dataset, RecordFileDataset
from .files import fetched, found, read_idx, read_rows, unpack

__all__ = ["CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "ImageFolderDataset", "ImageRecordDataset"]

Array = np.ndarray[Any, Any]
Path = str | os.PathLike[str]
Transform = Callable[..., Any]


#: Where data sets are by default.
_MNIST, _FASHION_MNIST, _CIFAR10, _CIFAR100 = (
    os.path.join(data_dir(), "datasets", name) for name in ("mnist", "fashion-mnist", "cifar10", "cifar100")
)


class _DownloadedDataset(Dataset):
    """Images in memory, an ``NDArray`` of bytes [number, height, width, channel], and labels, NumPy's int32.

    ``transform(image, label)``, if given, makes each example.
    """

    _namespace: ClassVar[str]

    def __init__(self, root: Path, transform: Transform | None) -> None:
        self._transform = transform
        self._root = os.path.expanduser(os.fspath(root))
        images, labels = self._read()
        if len(images) != len(labels):
            raise ValueError(f"{self._root!r} has {len(images)} images and {len(labels)} labels")
        self._data: NDArray = adopted(images)
        self._label: Array = labels.astype(np.int32)

    def _read(self) -> tuple[Array, Array]:
        """Images and labels, out of files."""
        raise NotImplementedError

    def __getitem__(self, idx: Any) -> Any:
        if self._transform is not None:
            return self._transform(self._data[idx], self._label[idx])
        return self._data[idx], self._label[idx]

    def _columns(self) -> Sequence[Any] | None:
        return None if self._transform is not None else (self._data, self._label)

    def __len__(self) -> int:
        return len(self._label)


class MNIST(_DownloadedDataset):
    """70,000 handwritten digits of 28 x 28 pixels, a seventh of them for testing (LeCun, Cortes and Burges).

    An example is an image, uint8 [28, 28, 1], and its digit, int32; or what ``transform(image, label)`` makes of them.
    ``root``: the folder of the four files ``train-images-idx3-ubyte.gz``, ``train-labels-idx1-ubyte.gz``,
    ``t10k-images-idx3-ubyte.gz`` and ``t10k-labels-idx1-ubyte.gz``; what is missing is fetched from MXNet's site.
    ``MXNetError`` where a file cannot be had, or is damaged.
    """

    _namespace: ClassVar[str] = "mnist"
    _advice: ClassVar[str] = ""
    _files: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "6c95f4b05d2bf285e1bfb0e7960c31bd3b3f8a7d",
        "train-labels-idx1-ubyte.gz": "2a80914081dc54586dbdf242f9805a6b8d2a15fc",
        "t10k-images-idx3-ubyte.gz": "c3a25af1f52dad7f726cce8cacb138654b760d48",
        "t10k-labels-idx1-ubyte.gz": "763e7fa3757d93b0cdec073cef058b2004252c17",
    }

    def __init__(self, root: Path = _MNIST, train: bool = True, transform: Transform | None = None) -> None:
        self._train = train
        super().__init__(root, transform)

    def _read(self) -> tuple[Array, Array]:
        part = "train" if self._train else "t10k"
        names = [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]
        paths = [found(self._root, self._namespace, name, self._files[name], self._advice) for name in names]
        return read_idx(paths[0], 3)[:, :, :, None], read_idx(paths[1], 1)


class FashionMNIST(MNIST):
    """70,000 pictures of clothes in 10 classes, in the form of ``MNIST`` (Xiao, Rasul and Vollgraf, 2017; MIT licence).

    Debian's package dataset-fashion-mnist is found where it installs them, and ``make data`` in a checkout of lazynd
    takes them out of it. The classes: t-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
    """

    _namespace: ClassVar[str] = "fashion-mnist"
    _advice: ClassVar[str] = (
        " Debian's package dataset-fashion-mnist has the files too; make data in lazynd's checkout fetches it."
    )
    _files: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte.gz": "0cf37b0d40ed5169c6b3aba31069a9770ac9043d",
        "train-labels-idx1-ubyte.gz": "236021d52f1e40852b06a4c3008d8de8aef1e40b",
        "t10k-images-idx3-ubyte.gz": "626ed6a7c06dd17c0eec72fa3be1740f146a2863",
        "t10k-labels-idx1-ubyte.gz": "17f9ab60e7257a1620f4ad76bbbaf857c3920701",
    }

    def __init__(self, root: Path = _FASHION_MNIST, train: bool = True, transform: Transform | None = None) -> None:
        super().__init__(root, train, transform)


class CIFAR10(_DownloadedDataset):
    """60,000 colour pictures of 32 x 32 pixels in 10 classes, a sixth of them for testing (Krizhevsky, 2009).

    An example is an image, uint8 [32, 32, 3], and its class, int32; or what ``transform(image, label)`` makes of them.
    ``root``: the folder of the files of the binary version, ``data_batch_1.bin`` to ``data_batch_5.bin`` and
    ``test_batch.bin``, or of the archive with them; what is missing is fetched from MXNet's site.
    """

    _namespace: ClassVar[str] = "cifar10"
    _archive: ClassVar[tuple[str, str]] = ("cifar-10-binary.tar.gz", "fab780a1e191a7eda0f345501ccd62d20f7ed891")
    _inside: ClassVar[str] = "cifar-10-batches-bin"
    _names: ClassVar[dict[bool, list[str]]] = {
        True: [f"data_batch_{i}.bin" for i in range(1, 6)],
        False: ["test_batch.bin"],
    }

    def __init__(self, root: Path = _CIFAR10, train: bool = True, transform: Transform | None = None) -> None:
        self._train = train
        super().__init__(root, transform)

    def _paths(self) -> list[str]:
        """The files, in the folder or in the one that the authors' archive makes in it; unpacked if need be."""
        names = self._names[self._train]
        for folder in (self._root, os.path.join(self._root, self._inside)):
            paths = [os.path.join(folder, name) for name in names]
            if all(map(os.path.exists, paths)):
                return paths
        archive, sha1 = self._archive
        path = os.path.join(self._root, archive)
        if not os.path.exists(path):
            path = fetched(self._root, self._namespace, archive, sha1)
        unpack(path, self._root, names)
        return [os.path.join(self._root, name) for name in names]

    #: Bytes of labels before each image, and which of them is the label.
    _labels: ClassVar[int] = 1

    def _which(self) -> int:
        return 0

    def _read(self) -> tuple[Array, Array]:
        rows = np.concatenate([read_rows(path, self._labels + 3072) for path in self._paths()])
        images = rows[:, self._labels :].reshape((-1, 3, 32, 32)).transpose((0, 2, 3, 1))
        return images, rows[:, self._which()]


class CIFAR100(CIFAR10):
    """60,000 colour pictures of 32 x 32 pixels in 100 classes or 20 groups of them, in the form of ``CIFAR10``.

    ``fine_label``: the class is the label; the group, if false. Files: ``train.bin`` and ``test.bin``.
    """

    _namespace: ClassVar[str] = "cifar100"
    _archive: ClassVar[tuple[str, str]] = ("cifar-100-binary.tar.gz", "a0bb982c76b83111308126cc779a992fa506b90b")
    _inside: ClassVar[str] = "cifar-100-binary"
    _names: ClassVar[dict[bool, list[str]]] = {True: ["train.bin"], False: ["test.bin"]}
    _labels: ClassVar[int] = 2

    def __init__(
        self,
        root: Path = _CIFAR100,
        fine_label: bool = False,
        train: bool = True,
        transform: Transform | None = None,
    ) -> None:
        self._fine_label = fine_label
        super().__init__(root, train, transform)

    def _which(self) -> int:
        return int(self._fine_label)


class ImageRecordDataset(RecordFileDataset):
    """Images out of a RecordIO file, with the label in each record's header. Needs the extra ``image``.

    An example is an image, uint8 [height, width, 3] (one channel if ``flag`` is 0), red first, and its label; or what
    ``transform(image, label)`` makes of them.

    >>> import numpy as np
    >>> from lazynd import gluon, recordio
    >>> record = recordio.MXIndexedRecordIO("a.idx", "a.rec", "w")
    >>> header = recordio.IRHeader(0, 3.0, 0, 0)
    >>> record.write_idx(0, recordio.pack_img(header, np.zeros((4, 5, 3), "uint8"), 3, ".png"))
    >>> record.close()
    >>> image, label = gluon.data.vision.ImageRecordDataset("a.rec")[0]
    >>> image.shape, label
    ((4, 5, 3), 3.0)
    """

    def __init__(self, filename: Path, flag: int = 1, transform: Transform | None = None) -> None:
        super().__init__(filename)
        self._flag = flag
        self._transform = transform

    def __getitem__(self, idx: Any) -> Any:
        header, content = recordio.unpack(super().__getitem__(idx))
        decoded = image.imdecode(content, self._flag)
        if self._transform is not None:
            return self._transform(decoded, header.label)
        return decoded, header.label


class ImageFolderDataset(Dataset):
    """Image files in a folder for each class: ``root/car/0001.jpg``, ``root/bus/xyz.png``. Needs the extra ``image``.

    An example is an image, uint8 [height, width, 3] (one channel if ``flag`` is 0), and its class as an int, or what
    ``transform(image, label)`` makes of them. Classes are numbered in the order of their names, in ``synsets``;
    ``items`` lists the files and their classes. What is no .jpg, .jpeg or .png is left out, with a warning.

    >>> import os
    >>> import numpy as np
    >>> from lazynd import gluon, recordio
    >>> for name in ("bus", "car"):
    ...     os.makedirs(f"pictures/{name}")
    ...     packed = recordio.pack_img((0, 0, 0, 0), np.zeros((4, 5, 3), "uint8"), 3, ".png")
    ...     with open(f"pictures/{name}/1.png", "wb") as file:
    ...         size = file.write(recordio.unpack(packed)[1])
    >>> data = gluon.data.vision.ImageFolderDataset("pictures")
    >>> data.synsets, data[1][0].shape, data[1][1]
    (['bus', 'car'], (4, 5, 3), 1)
    """

    def __init__(self, root: Path, flag: int = 1, transform: Transform | None = None) -> None:
        self._root = os.path.expanduser(os.fspath(root))
        self._flag = flag
        self._transform = transform
        self._exts = [".jpg", ".jpeg", ".png"]
        self.synsets: list[str] = []
        self.items: list[tuple[str, int]] = []
        for name in sorted(os.listdir(self._root)):
            folder = os.path.join(self._root, name)
            if not os.path.isdir(folder):
                warn(f"Ignoring {folder}, which is not a directory.", stacklevel=2)
                continue
            label = len(self.synsets)
            self.synsets.append(name)
            for file in sorted(os.listdir(folder)):
                path, extension = os.path.join(folder, file), os.path.splitext(file)[1]
                if extension.lower() in self._exts:
                    self.items.append((path, label))
                else:
                    text = f"Ignoring {path} of type {extension}. Only support {', '.join(self._exts)}"
                    warn(text, stacklevel=2)

    def __getitem__(self, idx: Any) -> Any:
        path, label = self.items[idx]
        decoded = image.imread(path, self._flag)
        if self._transform is not None:
            return self._transform(decoded, label)
        return decoded, label

    def __len__(self) -> int:
        return len(self.items)


__getattr__, __dir__ = fronts(__name__)
