//! Each archive of the corpus, with what is to become of it.

use serde_json::{Value, json};

use crate::make::{Entry, entry, file, gzip, link, long_name, open_tar, pack, pax, tar};

/// An archive, and what is expected of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) archive: Vec<u8>,
    pub(crate) expect: Value,
}

fn refused(name: &'static str, about: &'static str, archive: Vec<u8>, reason: &str) -> Case {
    Case { name, about, archive, expect: json!({ "code": "bundle.failed", "reason": reason }) }
}

fn read(name: &'static str, about: &'static str, archive: Vec<u8>, files: Value) -> Case {
    Case { name, about, archive, expect: json!({ "ok": { "files": files } }) }
}

const OUTSIDE: &str = "is not a path within the package";
const TWICE: &str = "occurs twice, or differs from another path only in case or Unicode's form";

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    [paths(), collisions(), kinds(), headers(), sizes(), framing()].into_iter().flatten().collect()
}

fn path(name: &'static str, about: &'static str, path: &str) -> Case {
    refused(name, about, pack(&[file(path, "x")]), OUTSIDE)
}

fn paths() -> Vec<Case> {
    let deep = format!("package/{}x", "a/".repeat(520));
    vec![
        path("T15_parent_folder", "a path that leads upwards", "package/../../evil.js"),
        path("T15_parent_folder_first", "a path that begins upwards", "../evil.js"),
        path("T15_parent_folder_inside", "a path that leads upwards and back", "package/a/../b.js"),
        path("T15_absolute", "an absolute path", "/etc/passwd"),
        path("T15_backslash", "a path with Windows' separator", "package\\..\\evil.js"),
        path("T15_drive", "a drive in the place of the leading folder", "C:/evil.js"),
        path("T15_drive_inside", "a drive below the leading folder", "package/C:/evil.js"),
        path("T15_line_feed", "a control character in a path", "package/a\nb"),
        path("T15_escape", "a terminal's escape in a path", "package/\u{1b}[2J"),
        path("T15_no_folder", "a file outside of the leading folder", "evil.js"),
        path("T15_only_dots", "a file that is the leading folder itself", "package/."),
        refused("T15_not_utf_8", "a path that is not UTF-8", pack(&[file(b"package/\xff", "x")]), OUTSIDE),
        refused(
            "T15_folder_upwards",
            "a folder that leads upwards",
            pack(&[entry("package/../../x/", b'5', "")]),
            OUTSIDE,
        ),
        refused(
            "T15_long_name_upwards",
            "GNU's long name that leads upwards",
            pack(&[long_name("package/../../evil.js"), file("package/a.js", "x")]),
            OUTSIDE,
        ),
        refused(
            "T15_pax_path_upwards",
            "an extended header's path that leads upwards",
            pack(&[pax(b'x', &[("path", "package/../../evil.js")]), file("package/a.js", "x")]),
            OUTSIDE,
        ),
        refused(
            "T15_pax_path_nul",
            "an extended header's path with NUL",
            pack(&[pax(b'x', &[("path", "package/a.js\0.txt")]), file("package/a.js", "x")]),
            OUTSIDE,
        ),
        refused(
            "T16_deep",
            "a path of more than 1,024 bytes",
            pack(&[long_name(&deep), file("package/a.js", "x")]),
            OUTSIDE,
        ),
        read(
            "nul_ends_a_name",
            "a name's field ends at its NUL",
            pack(&[file(b"package/a.js\0../../evil.js", "x")]),
            json!({ "a.js": "x" }),
        ),
        read(
            "windows_names",
            "names that mean devices on Windows: nothing is written under them",
            pack(&[file("package/con.js", "x"), file("package/aux", "y"), file("package/a.", "z")]),
            json!({ "con.js": "x", "aux": "y", "a.": "z" }),
        ),
        read(
            "empty_segments",
            "empty segments and single dots are left out",
            pack(&[file("package/./lib//a.js", "x")]),
            json!({ "lib/a.js": "x" }),
        ),
        read(
            "another_folder",
            "the leading folder has any name",
            pack(&[file("left-pad/a.js", "x")]),
            json!({ "a.js": "x" }),
        ),
        read(
            "long_name",
            "GNU's long name",
            pack(&[long_name(&format!("package/{}.js", "a".repeat(120))), file("package/short", "x")]),
            json!({ format!("{}.js", "a".repeat(120)): "x" }),
        ),
        read(
            "pax_path",
            "an extended header's path",
            pack(&[pax(b'x', &[("path", "package/é.js"), ("mtime", "1.5")]), file("package/short", "x")]),
            json!({ "é.js": "x" }),
        ),
    ]
}

fn collisions() -> Vec<Case> {
    let two = |one: &str, other: &str| pack(&[file(one, "1"), file(other, "2")]);
    vec![
        refused("T15_case", "two files that differ in case", two("package/a.js", "package/A.js"), TWICE),
        refused(
            "T15_case_folder",
            "two files in folders that differ in case",
            two("package/lib/a.js", "package/Lib/a.js"),
            TWICE,
        ),
        refused(
            "T15_unicode_form",
            "two files that differ in Unicode's form",
            two("package/\u{e9}.js", "package/e\u{301}.js"),
            TWICE,
        ),
        refused("T15_twice", "a file twice, with other bytes", two("package/a.js", "package/a.js"), TWICE),
        refused(
            "T15_two_folders",
            "one path below two leading folders",
            two("package/a.js", "other/a.js"),
            TWICE,
        ),
        refused(
            "T15_file_and_folder",
            "a path that is a file and a folder",
            two("package/a", "package/a/b"),
            "is both a file and a folder",
        ),
        refused(
            "T15_file_and_folder_case",
            "a file and a folder that differ in case",
            two("package/A", "package/a/b"),
            "is both a file and a folder",
        ),
        read(
            "twice_the_same",
            "a file twice, with the same bytes",
            pack(&[file("package/a.js", "1"), file("package/a.js", "1")]),
            json!({ "a.js": "1" }),
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let of = |name, about, entry: Entry, kind: &str| {
        refused(name, about, pack(&[entry]), &format!("is {kind}, wanted a file"))
    };
    vec![
        of(
            "T15_symbolic_link",
            "a symbolic link upwards",
            link(b'2', "package/l", "../../etc/passwd"),
            "Symlink",
        ),
        of(
            "T15_symbolic_link_inside",
            "a symbolic link within the package",
            link(b'2', "package/l", "a.js"),
            "Symlink",
        ),
        of("T15_hard_link", "a hard link upwards", link(b'1', "package/l", "../../etc/passwd"), "Link"),
        of("T15_character_device", "a device", entry("package/null", b'3', ""), "Char"),
        of("T15_block_device", "a device", entry("package/sda", b'4', ""), "Block"),
        of("T15_fifo", "a pipe", entry("package/pipe", b'6', ""), "Fifo"),
        of("T15_sparse", "GNU's sparse file without its map", entry("package/hole", b'S', ""), "GNUSparse"),
        refused(
            "T15_pax_sparse",
            "a sparse file by an extended header, whose content begins with a map",
            pack(&[
                pax(
                    b'x',
                    &[
                        ("GNU.sparse.major", "1"),
                        ("GNU.sparse.minor", "0"),
                        ("GNU.sparse.name", "package/b.js"),
                    ],
                ),
                file("package/a.js", "x"),
            ]),
            "is GNUSparse, wanted a file",
        ),
        of(
            "unknown_kind",
            "an entry of a kind that nobody knows",
            entry("package/a", b'Z', ""),
            "__Nonexhaustive(90)",
        ),
        read(
            "folders",
            "folders have no content, also where only a slash tells them",
            pack(&[
                entry("package/", b'5', ""),
                entry("package/lib/", b'0', ""),
                file("package/lib/a.js", "x"),
            ]),
            json!({ "lib/a.js": "x" }),
        ),
        read(
            "contiguous",
            "a contiguous file is a file",
            pack(&[entry("package/a.js", b'7', "x")]),
            json!({ "a.js": "x" }),
        ),
        read(
            "old_kind",
            "an old file has no kind",
            pack(&[entry("package/a.js", 0, "x")]),
            json!({ "a.js": "x" }),
        ),
    ]
}

fn headers() -> Vec<Case> {
    let global = |pairs| pack(&[pax(b'g', pairs), file("package/a.js", "x")]);
    let change = "is a header that changes all entries, wanted files";
    vec![
        refused(
            "T15_global_path",
            "a path for all entries, which some tools heed",
            global(&[("path", "package/evil.js")]),
            change,
        ),
        refused("T15_global_size", "a size for all entries", global(&[("size", "0")]), change),
        refused(
            "T15_global_link",
            "a link's target for all entries",
            global(&[("linkpath", "/etc/passwd")]),
            change,
        ),
        read(
            "global_comment",
            "a comment for all entries, as git writes it",
            global(&[("comment", "e83c5163316f89bfbde7d9ab23ca2e25604af290")]),
            json!({ "a.js": "x" }),
        ),
        refused(
            "two_pax_headers",
            "two extended headers for one file",
            pack(&[
                pax(b'x', &[("path", "package/a")]),
                pax(b'x', &[("path", "package/b")]),
                file("package/c", "x"),
            ]),
            "two pax extensions entries",
        ),
        refused(
            "two_long_names",
            "two long names for one file",
            pack(&[long_name("package/a"), long_name("package/b"), file("package/c", "x")]),
            "two long name entries",
        ),
        refused(
            "long_name_of_nothing",
            "a long name without a file",
            pack(&[long_name("package/a")]),
            "no future member found",
        ),
        refused(
            "broken_pax",
            "an extended header that is none",
            pack(&[entry("pax", b'x', "nonsense\n"), file("package/a.js", "x")]),
            "wanted a file",
        ),
        refused(
            "wrong_checksum",
            "a header with a wrong checksum",
            pack(&[Entry { wrong: 1, ..file("package/a.js", "x") }]),
            "archive header checksum mismatch",
        ),
        refused(
            "no_header",
            "512 bytes that are no header",
            gzip(&[b'x'; 1536]),
            "numeric field was not a number",
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let sized = |field: &[u8; 12]| pack(&[Entry { size: Some(*field), ..file("package/a.js", "x") }]);
    let base_256 = |byte: u8| {
        let mut field = [byte; 12];
        field[0] = 0x80 | byte;
        field
    };
    vec![
        refused(
            "T16_huge_size",
            "a file of 8 GiB, by its header",
            sized(b"77777777777\0"),
            "got more than 536870912 bytes",
        ),
        refused(
            "T16_largest_size",
            "a file of 2^64 - 1 bytes, by its header",
            sized(&base_256(0xff)),
            "size overflow",
        ),
        refused(
            "negative_size",
            "a size below zero",
            sized(b"-0000000001\0"),
            "numeric field was not a number",
        ),
        refused(
            "no_size",
            "a size that is no number",
            sized(b"zzzzzzzzzzz\0"),
            "numeric field was not a number",
        ),
        refused(
            "T16_pax_size",
            "a file of 1 TiB, by an extended header",
            pack(&[pax(b'x', &[("size", "1099511627776")]), file("package/a.js", "x")]),
            "got more than 536870912 bytes",
        ),
        refused(
            "size_beyond_the_end",
            "a file that is longer than the archive",
            gzip(&open_tar(&[Entry { size: Some(*b"00000002000\0"), ..file("package/a.js", "x") }])),
            "is cut off",
        ),
        refused(
            "T16_long_name_without_end",
            "a long name of 8 GiB, by its header",
            pack(&[Entry { size: Some(*b"77777777777\0"), ..long_name("package/a") }]),
            "unexpected EOF during skip",
        ),
    ]
}

fn framing() -> Vec<Case> {
    let one = [file("package/a.js", "x")];
    let whole = pack(&one);
    let mut wrong_crc = whole.clone();
    let at = wrong_crc.len() - 8;
    wrong_crc[at] ^= 1;
    vec![
        refused("empty", "nothing", Vec::new(), "unexpected end of file"),
        refused(
            "no_gzip",
            "a tar archive that is not compressed",
            tar(&one)[..512].to_vec(),
            "invalid gzip header",
        ),
        refused(
            "truncated",
            "the first half of an archive",
            whole[..whole.len() / 2].to_vec(),
            "incomplete deflate stream",
        ),
        refused(
            "truncated_at_the_end",
            "an archive without the checksum of gzip",
            whole[..whole.len() - 8].to_vec(),
            "unexpected end of file",
        ),
        refused(
            "wrong_crc",
            "a wrong checksum of gzip",
            wrong_crc,
            "corrupt gzip stream does not have a matching checksum",
        ),
        refused(
            "two_members",
            "a second gzip member, which some tools read",
            [pack(&one), pack(&[file("package/b.js", "y")])].concat(),
            "it has data after its gzip member",
        ),
        refused(
            "garbage_after_gzip",
            "bytes after the gzip member",
            [pack(&one), b"garbage".to_vec()].concat(),
            "it has data after its gzip member",
        ),
        refused(
            "garbage_after_tar",
            "a file after the end of the tar archive, which some tools read",
            gzip(&[tar(&one), tar(&[file("package/b.js", "y")])].concat()),
            "it has data after its end",
        ),
        read(
            "zeros_after_gzip",
            "zeros after the gzip member",
            [pack(&one), vec![0; 512]].concat(),
            json!({ "a.js": "x" }),
        ),
        read(
            "padded",
            "zeros after the end, as tar pads",
            gzip(&[tar(&one), vec![0; 9216]].concat()),
            json!({ "a.js": "x" }),
        ),
        read(
            "no_end",
            "a tar archive without the blocks that end it",
            gzip(&open_tar(&one)),
            json!({ "a.js": "x" }),
        ),
        read("nothing_in_it", "an archive without files", pack(&[]), json!({})),
    ]
}
