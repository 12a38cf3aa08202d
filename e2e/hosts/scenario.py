"""One thing that people do with a client of SSH, and what is to come of it."""

import dataclasses
import re


@dataclasses.dataclass
class Scenario:
    """A script for `bash`, which is run on each way with both ends empty: in the folder `$HERE`, with `$THERE` as that
    of the host. `host` is the host, whatever the way.
    """

    name: str
    script: str
    # how it ends without the gateway
    status: int = 0
    # who goes through the gateway: `trusted` may do everything, `bound` what `policy.toml` says, both with tokens; `keyed`
    # and `certified` may do everything and prove themselves by keys
    who: str = "trusted"
    # what is said where it is refused, and with which status; the file `mark` is made only where it is not
    refused: tuple = ()
    refused_status: int = 126
    # programs that it needs, beside those of OpenSSH
    needs: tuple = ()
    seconds: int = 60

    def file(self):
        return re.sub(r"[^a-zA-Z0-9]+", "-", self.name).strip("-").lower()
