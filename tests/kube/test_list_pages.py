"""Pages are decoded in many threads at once, from the first one on."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.fast

CROWD = """
import sys, threading
sys.setswitchinterval(1e-6)
from kubefleet.kube.answer import parse_page
from kubefleet.kube.list_pages import NODE_PAGE, POD_PAGE

pods = b'{"items":[' + b",".join([b'{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}}'] * 200) + b"]}"
together = threading.Barrier(8)

def decode():
    together.wait()
    parse_page("eu-1", "/api/v1/pods", pods, POD_PAGE)
    parse_page("eu-1", "/api/v1/nodes", b'{"items":[]}', NODE_PAGE)

threads = [threading.Thread(target=decode) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_the_first_pages_of_a_process_may_come_in_many_threads_at_once():
    # Decoders made at first use crashed three of four such processes.
    for _ in range(5):
        assert subprocess.run([sys.executable, "-c", CROWD], check=False).returncode == 0
