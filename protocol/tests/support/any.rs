//! Objects that keep the rules, of all shapes.

use cidery_protocol::{manifest::*, *};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    sample::{Index, select},
};

use super::{key, public};

/// Any manifest that keeps the rules: paths and texts are of all shapes, lists of all lengths that matter.
pub fn manifests() -> impl Strategy<Value = ManifestBody> {
    let kind =
        select(vec![ModuleKind::Cjs, ModuleKind::Wasm, ModuleKind::Json, ModuleKind::Text, ModuleKind::Data]);
    let module = ("[a-z0-9]{1,3}(/[a-z0-9._-]{0,4}[a-z0-9]){0,3}", kind, vec(any::<u8>(), 0..20));
    let words = || vec("[a-z0-9_]{1,8}", 0..4);
    let limits = || option::of(any::<u32>());
    let bundled = ("[!-~]{1,9}", "[!-~]{1,9}", option::of("[!-~]{1,9}"));
    let lists = (
        words(),
        vec("[a-z]{1,5}\\.example(:[1-9][0-9]{0,3})?", 0..4),
        vec("[A-Za-z_][A-Za-z0-9_]{0,8}", 0..4),
    );
    let names = btree_set("\\./[a-z]{1,4}", 0..4);
    let names_of_packages = btree_set("@[a-z]{1,3}/[a-z]{1,3}", 0..4);
    (
        vec(module, 0..5),
        lists,
        (limits(), limits()),
        vec(bundled, 0..4),
        (any::<bool>(), names, names_of_packages),
    )
        .prop_map(
            |(
                others,
                (flags, egress, bindings),
                (cpu_ms, subrequests),
                bundled,
                (mapped, names, packages),
            )| {
                let main = Module::describe("~main.js", ModuleKind::Esm, b"export default {}");
                let others = others.iter().map(|(path, kind, bytes)| Module::describe(path, *kind, bytes));
                let mut modules: Vec<Module> = others.chain([main]).collect();
                modules.sort_by(|a, b| a.path.cmp(&b.path));
                // A file is no folder: one that another is in has to go.
                modules.dedup_by(|next, first| {
                    next.path == first.path || next.path.starts_with(&format!("{}/", first.path))
                });
                let bundled = bundled.into_iter().map(|(name, version, integrity)| Bundled {
                    name,
                    version,
                    integrity,
                });
                let map = SourceMap { module: "~main.js".into(), cid: Cid::of(Codec::Raw, b"{}"), size: 2 };
                ManifestBody {
                    format: ManifestFormat::V1,
                    main: "~main.js".into(),
                    exports: (!names.is_empty()).then(|| names.into_iter().map(exported).collect()),
                    modules,
                    compatibility: Compatibility { date: "2024-02-29".into(), flags: sorted(flags) },
                    needs: Needs {
                        egress: sorted(egress),
                        bindings: sorted(bindings),
                        limits: NeedLimits { cpu_ms, subrequests },
                    },
                    imports: packages.into_iter().map(imported).collect(),
                    bundled: sorted(bundled),
                    source_maps: if mapped { vec![map] } else { vec![] },
                }
            },
        )
}

fn exported(name: String) -> Export {
    Export { name, module: "~main.js".into() }
}

fn imported(name: String) -> Import {
    let manifest = Cid::of(Codec::DagCbor, name.as_bytes());
    Import {
        name: name.parse().expect("a name"),
        version: "1.2.3-rc.1".parse().expect("a version"),
        manifest,
    }
}

fn sorted<T: Ord>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    list.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// What a record of each kind may say.
pub fn actions() -> impl Strategy<Value = Action> {
    let version = || {
        (0..9_u8, 0..99_u8, any::<u16>(), select(vec!["", "-rc.1", "-0"])).prop_map(
            |(major, minor, patch, rest)| {
                format!("{major}.{minor}.{patch}{rest}").parse::<Version>().expect("a version")
            },
        )
    };
    let cid = |codec| any::<[u8; 4]>().prop_map(move |content| Cid::of(codec, &content));
    let reference =
        move || (version(), cid(Codec::DagCbor)).prop_map(|(version, record)| ReleaseRef { version, record });
    let statement = move || {
        (cid(Codec::Raw), 0..=limits::ATTESTATION_BYTES, any::<[u8; 32]>())
            .prop_map(|(cid, size, subject)| Provenance { cid, size, subject: subject.into() })
    };

    let release = (
        version(),
        cid(Codec::DagCbor),
        "[ -~]{1,128}",
        option::of(any::<[u8; 32]>()),
        vec(statement(), 0..4),
    )
        .prop_map(|(version, manifest, tool, lock, mut provenance)| {
            provenance.sort_by_key(|statement| statement.cid);
            provenance.dedup_by_key(|statement| statement.cid);
            Release {
                version,
                manifest,
                build: Build { tool, lock: lock.map(Into::into) },
                npm: None,
                provenance,
            }
        });
    let reasons = select(vec![
        (Severity::None, Reason::Restored),
        (Severity::Low, Reason::Deprecated),
        (Severity::Critical, Reason::Compromised),
    ]);
    let yank = (reference(), reasons, option::of("[a-zA-Zäöü\u{1f642}]{1,60}")).prop_map(
        |(release, (severity, reason), text)| Yank { release, severity, reason, text, replacement: None },
    );
    let channel = ("[a-z][a-z0-9]{0,9}", vec(reference(), 0..4)).prop_map(|(name, mut releases)| {
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        releases.dedup_by(|a, b| a.version == b.version);
        let count = releases.len() as u64;
        let weight = |at| limits::BUCKETS / count + if at == 0 { limits::BUCKETS % count } else { 0 };
        let targets = releases.into_iter().enumerate();
        let targets = targets.map(|(at, release)| Target { release, weight: weight(at) }).collect();
        Channel { name: name.parse().expect("a channel"), targets }
    });
    let attest = (reference(), "[!-~]{1,99}", statement())
        .prop_map(|(release, predicate, statement)| Attest { release, predicate, statement });
    let rekey = (any_powers(), any::<bool>(), vec((200..=255_u8, 0..9_u64), 0..3), option::of(version()))
        .prop_map(|(to, recovery, void, next_version_floor)| {
            let by = if recovery { Signatories::Recovery } else { Signatories::Publishers };
            let void =
                void.into_iter().map(|(seed, from_sequence)| Void { key: public(&key(seed)), from_sequence });
            let mut void: Vec<Void> = void.collect();
            void.sort_by_key(|void| void.key);
            void.dedup_by_key(|void| void.key);
            Rekey { by, to, void, next_version_floor }
        });
    let transfer = (any_powers(), option::of(version()))
        .prop_map(|(to, next_version_floor)| Transfer { to, next_version_floor });
    prop_oneof![
        any_powers().prop_map(Action::Init),
        rekey.prop_map(Action::Rekey),
        transfer.prop_map(Action::Transfer),
        release.prop_map(Action::Release),
        yank.prop_map(Action::Yank),
        channel.prop_map(Action::Channel),
        attest.prop_map(Action::Attest),
    ]
}

/// Publisher and recovery keys, some of each, with any threshold that they can meet.
fn any_powers() -> impl Strategy<Value = Powers> {
    let keys = |seeds| {
        btree_set(seeds, 1..5).prop_map(|seeds| sorted(seeds.into_iter().map(|seed| public(&key(seed)))))
    };
    let floors =
        (any::<bool>(), 0..=64_u64).prop_map(|(provenance, witnesses)| Floors { provenance, witnesses });
    let recovery = option::of((keys(100..200_u8), any::<Index>(), 0..9_999_u64));
    (keys(0..100_u8), any::<Index>(), floors, recovery).prop_map(|(keys, threshold, floors, recovery)| {
        Powers {
            threshold: 1 + threshold.index(keys.len()) as u64,
            keys,
            floors,
            recovery: recovery.map(|(keys, threshold, delay)| Recovery {
                threshold: 1 + threshold.index(keys.len()) as u64,
                keys,
                delay,
            }),
        }
    })
}
