"""Cidery's objects and their verification, written from SPEC.md alone and sharing no code with the rest of the project.

One module for each section, none of which reads a clock, a file or the network:

    cbor, cid, names, ranges, keys          sections 1 to 4: what the objects are made of
    manifest, records, signed,
    authority, package                      sections 5 and 6: what publishers sign, and what it comes to
    notes, tree, maps, log                  sections 7 and 8: the log and its map
    release, state                          section 9: what a log says about a release or package
    policy, request, heads, chain, verify,
    lookup, evidence                        section 10: what a client believes of that

Whatever is refused is raised as `errors.Refused` with a code of section 13.
"""
