"""A launcher that answers in this process, as a child would: for devices that are simulated here."""

import importlib

from resnet_bench.child.skips import skip
from resnet_bench.wire.messages import CaseRequest, ProbeRequest


class InProcess:
    """Runs the child's own functions; whatever happens to a case is a skip."""

    def machines(self, device, subjects=()):
        return (self.ask(ProbeRequest(device=device, subjects=subjects)),)

    def ask(self, request):
        module, _, function = request.answered_by.partition(":")
        try:
            return getattr(importlib.import_module(f"resnet_bench.child.{module}"), function)(request)
        except Exception as error:
            if isinstance(request, CaseRequest) and not isinstance(error, request.mistakes):
                return skip(request, error)
            raise
