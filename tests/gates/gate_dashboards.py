#!/usr/bin/env python3
"""The dashboards are as dashboards/generate.py would make them now."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

sys.exit(subprocess.run([sys.executable, ROOT / "dashboards/generate.py", "--check"], check=False).returncode)
