//! That the parts of a proposal belong together, wherever they come from.

use std::collections::BTreeMap;

use cidery_protocol::{Action, Cid, Error, Provenance, Record};

use super::{Proposal, RECORDS, broken, sha256};
use crate::failure::Failure;

impl Proposal {
    /// All that a registry, or somebody who signs, relies on: the parts belong together, and no signature is a false one.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let many = self.records.len();
        if many > RECORDS {
            let (got, limit) = (many as u64, RECORDS as u64);
            return Err(Error::Limit { what: "records of a proposal", got, limit }.into());
        }
        let Some(first) = self.records.first() else { return Err(broken("there is no record")) };
        self.check_start(first)?;
        for (at, pair) in self.records.windows(2).enumerate() {
            self.check_link(at + 1, &pair[0], &pair[1])?;
        }
        for at in 0..many {
            self.quorums(at)?;
        }
        self.check_content()
    }

    /// The first record stands under the authority that the chain leads to.
    fn check_start(&self, first: &Record) -> Result<(), Failure> {
        let body = first.body();
        match (&body.action, &self.authority) {
            (Action::Init(_), None) => Ok(()),
            (Action::Init(_), Some(_)) => Err(broken("an init begins a package that exists")),
            (_, None) => Err(broken("nothing shows who may sign")),
            (_, Some(authority))
                if (&authority.origin, &authority.package) != (&body.origin, &body.package) =>
            {
                Err(broken("the record is of another package than those who may sign"))
            }
            (_, Some(authority)) if body.authority != Some(authority.cid) => {
                let got = body.authority.map_or("none".to_owned(), |cid| cid.to_string());
                Err(Error::RecordAuthority { got, wanted: authority.cid.to_string() }.into())
            }
            _ => Ok(()),
        }
    }

    /// Each record is the next one of the same package, under the same authority.
    fn check_link(&self, at: usize, before: &Record, record: &Record) -> Result<(), Failure> {
        let (before_body, body) = (before.body(), record.body());
        if matches!(before_body.action, Action::Rekey(_) | Action::Transfer(_)) {
            return Err(broken("after a record that says who may sign there is another one"));
        }
        let follows = body.prev == Some(before.cid())
            && body.sequence == before_body.sequence + 1
            && (&body.origin, &body.package) == (&before_body.origin, &before_body.package)
            && body.authority == self.authority_of(at).map(|authority| authority.cid);
        if follows { Ok(()) } else { Err(broken("the records do not follow each other")) }
    }

    /// The manifest is the release's, statements are about it, and the blobs are those that are named.
    fn check_content(&self) -> Result<(), Failure> {
        let mut named = BTreeMap::new();
        let mut releases = 0;
        for record in &self.records {
            let statements: &[Provenance] = match &record.body().action {
                Action::Release(release) => {
                    releases += 1;
                    let Some(manifest) = self.manifest.as_ref().filter(|m| m.cid() == release.manifest)
                    else {
                        return Err(broken("the manifest is not the release's"));
                    };
                    named.extend(manifest.body().blobs());
                    let subject = sha256(manifest.bytes());
                    if release.provenance.iter().any(|statement| *statement.subject != subject) {
                        return Err(broken("an attestation is about other code"));
                    }
                    &release.provenance
                }
                Action::Attest(attest) => std::slice::from_ref(&attest.statement),
                _ => &[],
            };
            named.extend(statements.iter().map(|statement| (statement.cid, statement.size)));
        }
        if releases > 1 || (releases == 0 && self.manifest.is_some()) {
            return Err(broken("wanted one release with its manifest, or neither"));
        }
        let there: BTreeMap<Cid, u64> =
            self.blobs.iter().map(|(cid, bytes)| (*cid, bytes.len() as u64)).collect();
        if there == named { Ok(()) } else { Err(broken("the blobs are not those that the records name")) }
    }
}
