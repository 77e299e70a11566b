//! A package's own log: steps become signed records, each on top of the one before.

use cidery_protocol::{Cid, Codec, pae};
use ipld_core::ipld::Ipld;

use super::{
    ipld::{at, cbor, link, map, number, signature, text},
    log::{public, sign},
    plan::ORIGIN,
    steps::{Names, Step},
};

/// A package and its records so far.
#[derive(Clone)]
pub struct Package {
    name: &'static str,
    pub records: Vec<Made>,
    /// The records of its releases.
    pub releases: Names,
    /// Who has had the say, oldest first: the record's place, and since which place it holds.
    pub authorities: Vec<(usize, usize)>,
    waiting: Option<(usize, usize)>,
}

/// A record that was made.
#[derive(Clone)]
pub struct Made {
    pub kind: &'static str,
    pub cid: Cid,
    /// The signed record (SPEC §6.8).
    pub signed: Vec<u8>,
    /// The log entry (SPEC §7.1).
    pub entry: Vec<u8>,
    /// What it says.
    pub body: Ipld,
}

impl Package {
    pub fn new(name: &'static str) -> Self {
        Package { name, records: Vec::new(), releases: Names::new(), authorities: Vec::new(), waiting: None }
    }

    /// A package of these records.
    pub fn of(name: &'static str, steps: &[Step]) -> Self {
        let mut package = Package::new(name);
        for step in steps {
            package.push(step);
        }
        package
    }

    /// Makes the next record.
    pub fn push(&mut self, step: &Step) -> &Made {
        self.settle();
        let place = self.records.len();
        let mut record = map([
            ("kind", text(step.kind)),
            ("origin", text(ORIGIN)),
            ("package", text(self.name)),
            ("sequence", number(place as u64)),
            ("body", (step.body)(&self.releases)),
        ]);
        if let (Some(prev), Some((authority, _))) = (self.records.last(), self.authorities.last()) {
            *at(&mut record, "prev") = link(prev.cid);
            *at(&mut record, "authority") = link(self.records[*authority].cid);
        }
        for change in &step.changes {
            change(&mut record);
        }
        let made = make(step, record);
        if let ("release", Ipld::String(version)) = (step.kind, at(&mut made.body.clone(), "version")) {
            self.releases.insert(version.clone(), made.cid);
        }
        if matches!(step.kind, "init" | "rekey" | "transfer") {
            self.waiting = step.holds_after.map(|records| (place, place + records + 1));
        }
        self.records.push(made);
        self.settle();
        &self.records[place]
    }

    /// Every entry, as the log has it.
    pub fn entries(&self) -> Vec<Vec<u8>> {
        self.records.iter().map(|made| made.entry.clone()).collect()
    }

    /// The signed records of the authorities that held when the record at `place` was made.
    pub fn chain_before(&self, place: usize) -> Vec<Vec<u8>> {
        self.chain(|since| since <= place)
    }

    /// Those that took over since.
    pub fn chain_after(&self, place: usize) -> Vec<Vec<u8>> {
        self.chain(|since| since > place)
    }

    /// The place of the newest record of a kind whose body is so.
    pub fn newest(&self, kind: &str, is: impl Fn(&mut Ipld) -> bool) -> Option<usize> {
        self.records.iter().rposition(|made| made.kind == kind && is(&mut made.body.clone()))
    }

    fn chain(&self, then: impl Fn(usize) -> bool) -> Vec<Vec<u8>> {
        let holding = self.authorities.iter().filter(|(_, since)| then(*since));
        holding.map(|(place, _)| self.records[*place].signed.clone()).collect()
    }

    fn settle(&mut self) {
        if let Some((place, since)) = self.waiting.take_if(|(_, since)| *since <= self.records.len()) {
            self.authorities.push((place, since));
        }
    }
}

fn make(step: &Step, record: Ipld) -> Made {
    let mut payload = cbor(&record);
    if let Some(change) = step.bytes {
        payload = change(payload);
    }
    let of_kind = format!("application/vnd.cidery.{}.v1+cbor", step.kind);
    let payload_type = step.payload_type.unwrap_or(&of_kind);
    let message = pae(step.signed_type.unwrap_or(payload_type), &payload);
    let mut signers: Vec<_> = step.signers.iter().map(|seed| (*public(*seed).as_bytes(), *seed)).collect();
    signers.sort();
    let signatures = signers.into_iter().map(|(key, seed)| signature(&key, &sign(seed, &message)));
    let mut entry = map([
        ("kind", text("record")),
        ("time", number(step.time)),
        ("type", text(payload_type)),
        ("payload", Ipld::Bytes(payload.clone())),
        ("signatures", Ipld::List(signatures.collect())),
    ]);
    if let Some(change) = &step.entry {
        change(&mut entry);
    }
    let mut signed = entry.clone();
    if let Ipld::Map(fields) = &mut signed {
        fields.retain(|field, _| !matches!(field.as_str(), "kind" | "time"));
    }
    Made {
        kind: step.kind,
        cid: Cid::of(Codec::DagCbor, &payload),
        signed: cbor(&signed),
        entry: cbor(&entry),
        body: at(&mut record.clone(), "body").clone(),
    }
}
