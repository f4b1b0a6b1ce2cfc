"""Make the files anew."""

from . import path_of, text_of
from .programs import PROGRAMS

for program in PROGRAMS:
    path_of(program).write_text(text_of(program), encoding="utf-8")
