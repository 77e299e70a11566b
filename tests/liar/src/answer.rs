//! The lies in an answer: a resolution that is put together from others. Each of these is honest; the whole is not.

use cidery_protocol::{Head, PackageName, Resolution, Standing, Version};
use cidery_registry::{Body, Error, Request, Response, memory::Chunks};
use serde::Deserialize;
use serde_bytes::ByteBuf;

use crate::liar::Liar;

/// What the answer to `resolve` is made of. Where nothing is said, it is what was asked for.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Answer {
    /// What is answered instead of the question.
    instead: Question,
    /// Whose receipt it holds.
    receipt: Option<Question>,
    /// Whose standing its head has.
    standing: Option<Question>,
    /// What its head lacks.
    without: Option<Part>,
    /// What is not answered at all.
    pub(crate) refuses: Option<Refused>,
}

/// Another question than the client's.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Question {
    history: Option<String>,
    package: Option<PackageName>,
    version: Option<Version>,
}

/// A part of a head that says what became of a release.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Part {
    Standing,
    Yank,
    Chain,
}

/// What a registry may do without.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Refused {
    Publish,
    Resolve,
}

impl Answer {
    /// Puts an answer together. Where the honest one is a refusal, it is that.
    pub(crate) async fn resolve(
        &self,
        liar: &Liar,
        request: Request<Chunks>,
    ) -> Result<Response<axum::body::Bytes>, Error> {
        let mut response = self.instead.ask(liar, &request).await?;
        let Body::Bytes(bytes) = &response.body else { return Ok(response) };
        if response.status != 200 {
            return Ok(response);
        }
        let mut told = Resolution::decode(bytes)?;
        if let Some(question) = &self.receipt {
            told.receipt = question.resolution(liar, &request).await?.receipt;
        }
        let mut head = Head::decode(&told.head)?;
        if let Some(question) = &self.standing {
            head.standing = Head::decode(&question.resolution(liar, &request).await?.head)?.standing;
        }
        head.standing = head.standing.and_then(|standing| self.leave_out(standing));
        told.head = ByteBuf::from(head.encode()?);
        response.body = Body::Bytes(told.encode()?.into());
        Ok(response)
    }

    fn leave_out(&self, mut standing: Standing) -> Option<Standing> {
        match self.without {
            Some(Part::Standing) => return None,
            Some(Part::Yank) => standing.yank = None,
            Some(Part::Chain) => standing.chain = Vec::new(),
            None => {}
        }
        Some(standing)
    }
}

impl Question {
    /// Asks the registry this instead of what the client asks. That the client has seen a tree is always said.
    async fn ask(
        &self,
        liar: &Liar,
        request: &Request<Chunks>,
    ) -> Result<Response<axum::body::Bytes>, Error> {
        let path = self.package.as_ref().map(|name| format!("/v1/packages/{name}/resolve"));
        let query = self.version.as_ref().map(|version| {
            let since = request.query.split('&').find(|part| part.starts_with("since="));
            format!("version={version}&{}", since.unwrap_or_default())
        });
        let asked = Request {
            method: request.method.clone(),
            path: path.unwrap_or_else(|| request.path.clone()),
            query: query.unwrap_or_else(|| request.query.clone()),
            content_length: None,
            body: Chunks::of(&[], 1),
        };
        Ok(liar.history(self.history.as_deref())?.registry.handle(asked).await)
    }

    /// The resolution that answers it.
    async fn resolution(&self, liar: &Liar, request: &Request<Chunks>) -> Result<Resolution, Error> {
        match self.ask(liar, request).await?.body {
            Body::Bytes(bytes) => Ok(Resolution::decode(&bytes)?),
            _ => Err(Error::Internal { reason: "a resolution is bytes".to_owned() }),
        }
    }
}
