"""Keras and its backend, imported without their chatter: modules of networks take it from here."""

import logging

from vmnet.quiet import quiet

with quiet():
    import keras
    from keras import ops

# A process that trains several networks is told that each evaluates by a function of its own.
logging.getLogger("tensorflow").setLevel(logging.ERROR)

__all__ = ["keras", "ops"]
