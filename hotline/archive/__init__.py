"""The archive of recordings: sealed in a hash chain, turned into Ogg Opus, kept as long as the rules say, then deleted.

``Archive`` (service.py) has the use cases, ``jobs.py`` runs them in the background, ``cli.py`` from the command line.
Pure rules: ``chain`` (what a seal proves), ``retention`` (what may be deleted), ``coverage`` (what was not recorded).
Asterisk's own files are :mod:`hotline.cti.recordings`' business; who may listen is :mod:`hotline.journal.recordings`'.
"""
