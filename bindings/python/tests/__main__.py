"""`python bindings/python/tests` runs all of them; none at all is a failure, which unittest says only since Python 3.12."""

import sys
import unittest
from pathlib import Path

tests = unittest.defaultTestLoader.discover(str(Path(__file__).parent), "*_test.py")
if tests.countTestCases() == 0:
    sys.exit("no tests")
sys.exit(not unittest.TextTestRunner().run(tests).wasSuccessful())
