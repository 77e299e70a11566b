//! How a person, or whatever started it, ends a command that would go on.

use std::io;

use crate::failure::Failure;

/// Waits for Ctrl-C, and on Unix for SIGTERM too.
pub(crate) async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// The system does not let the command hear signals.
pub(crate) fn unheard(error: io::Error) -> Failure {
    Failure::Environment { what: format!("signals cannot be heard: {error}"), hint: None }
}
