//! `cidery witness`: to see for others that a log shows everybody the same.

mod serve;
mod show;

pub(super) use self::serve::serve;
pub(super) use self::show::show;
