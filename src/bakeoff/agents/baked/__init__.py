"""The baked worker: a small policy whose skills were put into it beforehand (see `bakeoff.training`), and which learns nothing on the job."""
