"""Cidery's objects and their verification, written from SPEC.md alone and sharing no code with the rest of the project.

One module for each section, none of which reads a clock, a file or the network:

    cbor, cid, names, ranges, keys          sections 1 to 4: what the objects are made of
    manifest, records                       sections 5 and 6: what publishers sign
    notes, tree, release                    sections 7 to 9: what a log says about it
    policy, verify                          section 10: whether a client may run it

Whatever is refused is raised as `errors.Refused` with a code of section 13.
"""
