"""What must not leave, taken out of text: secrets, names of people, what users asked and models answered.

A :class:`Redactor` masks text (:meth:`~Redactor.text`), a stream of bytes (:meth:`~Redactor.blocks`), a whole diagnosis
(:meth:`~Redactor.diagnosis`) or a file's name. It is consistent: the same secret gets the same placeholder, so that a
reader still sees whether head and worker use the same token; the same host, address or user the same pseudonym. Line
numbers stay as they are. Secrets are never written anywhere; :attr:`~Redactor.pseudonyms` lists the names alone.
"""

from __future__ import annotations

from logdoctor.choices import Hide
from logdoctor.redact.redactor import Redactor

__all__ = ["Hide", "Redactor"]
