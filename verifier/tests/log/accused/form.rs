//! Files that are not of their form, and judges who know another log.

use super::*;

/// Files that are not of their form, and judges who know another log.
pub(super) fn vectors() -> Vec<Vector> {
    let whole = honest();
    let other = forked(&whole, 4);
    let size = whole.log.size();
    let roots = file(EvidenceKind::Roots {
        a: whole.log.checkpoint(size).to_bytes(),
        b: other.checkpoint(size).to_bytes(),
    });
    let entry = {
        let mut broken = whole.clone();
        let index = broken.log.append(b"not an entry".to_vec());
        broken.map(LOGGED + 25 * HOUR);
        let (checkpoint, mut entries) = under(&broken, broken.log.size(), &[index]);
        file(EvidenceKind::Entry { checkpoint, entry: entries.remove(0) })
    };
    let changed = |text: &str, change: fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(text).expect("JSON");
        change(&mut value);
        value.sort_all_objects();
        value.to_string()
    };
    let malformed = |name: &str, about: &str, text: String| {
        vector(name, about, text, Expect::Code("log.malformed".to_owned()))
    };
    let judged = |name: &str, code: &str, about: &str, change: fn(&mut Vector)| {
        let mut vector = vector(name, about, roots.clone(), Expect::Code(code.to_owned()));
        change(&mut vector);
        vector
    };
    vec![
        judged("of_another_log", "log.origin", "The judge asks about another log.", |vector| {
            vector.origin = "other.example".to_owned();
        }),
        judged("of_another_key", "log.signature", "The judge knows another key of the log.", |vector| {
            vector.log_key = public(STRANGER).to_string();
        }),
        malformed("not_json", "The file is no JSON.", "evidence".to_owned()),
        malformed("not_an_object", "The file holds a list.", "[]".to_owned()),
        malformed(
            "another_format",
            "The format is another one.",
            roots.replace("evidence-v1", "evidence-v2"),
        ),
        malformed(
            "another_kind",
            "The kind is one that nobody knows.",
            changed(&roots, |e| e["kind"] = json!("forks")),
        ),
        malformed(
            "unknown_field",
            "A field is there that the kind does not have.",
            changed(&roots, |e| e["index"] = json!(4)),
        ),
        malformed(
            "T19_field_twice",
            "A field is there twice.",
            roots.replacen('{', "{\"kind\":\"roots\",", 1),
        ),
        malformed(
            "missing_field",
            "A field is not there.",
            changed(&roots, |e| drop(e.as_object_mut().map(|e| e.remove("b")))),
        ),
        malformed("null_field", "A field is null.", changed(&roots, |e| e["b"] = Value::Null)),
        malformed(
            "no_note",
            "A checkpoint is no signed note.",
            changed(&roots, |e| e["b"] = json!("no note")),
        ),
        malformed(
            "upper_case_hash",
            "A hash has upper-case digits.",
            changed(&entry, |e| {
                let hash = e["entry"]["inclusion"][0].as_str().map(str::to_uppercase);
                e["entry"]["inclusion"][0] = json!(hash);
            }),
        ),
        malformed(
            "short_hash",
            "A hash has 31 bytes.",
            changed(&entry, |e| {
                e["entry"]["inclusion"][0] = json!("00".repeat(31));
            }),
        ),
        malformed(
            "bytes_without_padding",
            "Bytes are in base64 without padding.",
            changed(&entry, |e| {
                e["entry"]["entry"] = json!("bm90IGFuIGVudHJ5Cg");
            }),
        ),
        malformed(
            "entry_as_a_list",
            "An entry is a list.",
            changed(&entry, |e| e["entry"] = json!([19, "", []])),
        ),
        malformed(
            "entry_with_more",
            "An entry has a field that is not known.",
            changed(&entry, |e| e["entry"]["leaf"] = json!("")),
        ),
        malformed(
            "index_below_0",
            "An index is negative.",
            changed(&entry, |e| e["entry"]["index"] = json!(-1)),
        ),
    ]
}
