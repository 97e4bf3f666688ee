"""Sparse tensors: counted in bytes, and networks that hold them are run."""

import pytest
import torch
from torch import Tensor, nn

from resnet_bench.models.stored import stored_bytes
from resnet_bench.profilers.workload import Workload
from tests import make


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.register_buffer("adjacency", torch.eye(8).to_sparse())

    def forward(self, images: Tensor) -> Tensor:
        return torch.sparse.mm(self.adjacency, self.conv(images).mean((2, 3)).t()).t()


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.eye(8), 8 * 8 * 4),
        (torch.eye(8).to_sparse(), 8 * 4 + 2 * 8 * 8),
        (torch.eye(8).to_sparse_csr(), 8 * 4 + 9 * 8 + 8 * 8),
        (torch.eye(8).to_sparse_csc(), 8 * 4 + 9 * 8 + 8 * 8),
    ],
)
def test_a_tensor_takes_the_bytes_of_what_holds_it(tensor, expected):
    assert stored_bytes(tensor) == expected


def test_a_network_with_a_sparse_buffer_runs_and_its_bytes_are_known():
    work = Workload(
        make.case("tests.models.test_stored:Mixed", image_size=32), "tests.models.test_stored:Mixed", seed=0
    )
    with work.running():
        work.iterate()
    images = 3 * 32 * 32 * 4 * work.prepared.placed.case.batch_size
    assert work.prepared.alive_bytes() == (3 * 9 * 8 + 8) * 4 + (8 * 4 + 2 * 8 * 8) + images
