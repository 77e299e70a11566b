//! Many packages: each line of a list in a process of its own, some at a time.
//!
//! A process, since bundling runs code of others over code of others: where that hangs or dies, one package fails, and
//! not all. What a process says is what `cidery import` says of one package with `--json`.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cidery_protocol::PackageName;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::args::{self, NpmReference};
use crate::commands::{Context, Done};
use crate::failure::Failure;
use crate::output::Outcome;

/// Bytes of a list that are read.
const LIST_BYTES: u64 = 1 << 20;
/// What the command itself is told, and its processes are not.
const OWN_WITH_VALUE: [&str; 3] = ["--from", "--jobs", "--timeout"];
const OWN: [&str; 2] = ["--json", "--quiet"];

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    package: NpmReference,
    name: Option<PackageName>,
    entries: Vec<String>,
}

/// What came of a line.
#[derive(Debug, Serialize)]
struct Item {
    import: String,
    outcome: Word,
    milliseconds: u128,
    /// What `cidery import` said.
    #[serde(flatten)]
    said: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Imported,
    Unchanged,
    Planned,
    Failed,
}

/// What came of all of them.
#[derive(Serialize)]
struct Summary {
    imported: usize,
    unchanged: usize,
    planned: usize,
    failed: usize,
    #[serde(skip)]
    items: Vec<Item>,
}

pub(super) async fn import(context: &Context, args: &args::ImportNpm, file: &Path) -> Result<Done, Failure> {
    let lines = read(file)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::Environment { what: format!("cannot find this program: {error}"), hint: None })?;
    let worker = Worker {
        program,
        arguments: common(std::env::args_os().skip(1)),
        limit: Duration::from_secs(args.timeout.0),
        context,
    };
    let total = lines.len();
    let work = lines.iter().enumerate().map(|(at, line)| {
        let worker = &worker;
        async move { (at, worker.import(line).await) }
    });
    let mut running = stream::iter(work).buffer_unordered(args.jobs.get());
    let mut done = Vec::new();
    while let Some((at, item)) = running.next().await {
        let item = item?;
        context.output.progress(format_args!("{}/{total} {}", done.len() + 1, item));
        if context.output.json {
            context.output.outcome(&Outcome::from(&item));
        }
        done.push((at, item));
    }
    done.sort_by_key(|(at, _)| *at);
    let summary = Summary::of(done.into_iter().map(|(_, item)| item).collect());
    let failed = summary.failed > 0;
    let outcome = Outcome::from(summary);
    Ok(if failed { Done::Refused(outcome) } else { Done::Outcome(outcome) })
}

/// Runs the command for one line.
struct Worker<'w> {
    program: PathBuf,
    arguments: Vec<OsString>,
    limit: Duration,
    context: &'w Context,
}

impl Worker<'_> {
    async fn import(&self, line: &Line) -> Result<Item, Failure> {
        let began = Instant::now();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(line.arguments()).args(OWN);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let unstarted = |error| Failure::File { action: "run", path: self.program.clone(), source: error };
        let ended = tokio::time::timeout(self.limit, command.output()).await;
        let milliseconds = began.elapsed().as_millis();
        let (succeeded, said) = match ended {
            Err(_) => (false, failed("bundle.failed", format!("it took longer than {} s", self.limit.as_secs()))),
            Ok(output) => {
                let output = output.map_err(unstarted)?;
                if output.status.success() {
                    let notes = String::from_utf8_lossy(&output.stderr);
                    notes.lines().for_each(|note| self.context.output.progress(note));
                }
                let said = serde_json::from_slice(&output.stdout)
                    .unwrap_or_else(|_| failed("internal", format!("its process ended with {}", output.status)));
                (output.status.success(), said)
            }
        };
        let outcome = match (succeeded, said["unchanged"].as_bool()) {
            (false, _) => Word::Failed,
            (true, Some(true)) => Word::Unchanged,
            (true, Some(false)) => Word::Imported,
            (true, None) => Word::Planned,
        };
        Ok(Item { import: line.package.to_string(), outcome, milliseconds, said })
    }
}

fn failed(code: &str, message: String) -> Value {
    serde_json::json!({ "error": { "code": code, "message": message } })
}

/// The arguments of this process without those that its own are not told.
fn common(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut left = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        if OWN_WITH_VALUE.contains(&text) {
            arguments.next();
        } else if !OWN.contains(&text)
            && !OWN_WITH_VALUE.iter().any(|own| text.strip_prefix(own).is_some_and(|rest| rest.starts_with('=')))
        {
            left.push(argument);
        }
    }
    left
}

fn read(file: &Path) -> Result<Vec<Line>, Failure> {
    let invalid = |reason: String| Failure::Config { file: file.to_owned(), reason };
    let length = fs::metadata(file).map_err(Failure::file("read", file))?.len();
    if length > LIST_BYTES {
        return Err(invalid(format!("it has {length} bytes, at most {LIST_BYTES} allowed")));
    }
    let text = fs::read_to_string(file).map_err(Failure::file("read", file))?;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let said = line.split(" #").next().unwrap_or_default().trim();
        if !said.is_empty() && !said.starts_with('#') {
            lines.push(Line::parse(said).map_err(|reason| invalid(format!("line {}: {reason}", at + 1)))?);
        }
    }
    Ok(lines)
}

impl Line {
    /// `npm:NAME@RANGE [--as NAME] [--entry NAME]…`
    fn parse(text: &str) -> Result<Self, String> {
        let (package, options) = text.split_once(" --").unwrap_or((text, ""));
        let mut line = Line { package: package.parse()?, name: None, entries: Vec::new() };
        for option in options.split(" --").filter(|option| !option.is_empty()) {
            match option.split_once(' ').map(|(option, value)| (option, value.trim())) {
                Some(("as", name)) => line.name = Some(name.parse().map_err(|error| format!("{error}"))?),
                Some(("entry", name)) => line.entries.push(name.to_owned()),
                _ => return Err(format!("got `--{option}`, wanted `--as NAME` or `--entry NAME`")),
            }
        }
        Ok(line)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![self.package.to_string()];
        if let Some(name) = &self.name {
            arguments.extend(["--as".to_owned(), name.to_string()]);
        }
        arguments.extend(self.entries.iter().flat_map(|entry| ["--entry".to_owned(), entry.clone()]));
        arguments
    }
}

impl Summary {
    fn of(items: Vec<Item>) -> Self {
        let count = |word| items.iter().filter(|item| item.outcome == word).count();
        let (imported, unchanged) = (count(Word::Imported), count(Word::Unchanged));
        Summary { imported, unchanged, planned: count(Word::Planned), failed: count(Word::Failed), items }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Word::Imported => "imported",
            Word::Unchanged => "unchanged",
            Word::Planned => "planned",
            Word::Failed => "failed",
        })
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.said[name].as_str().unwrap_or_default();
        let seconds = Duration::from_millis(u64::try_from(self.milliseconds).unwrap_or(u64::MAX)).as_secs_f64();
        write!(f, "{:<9} {seconds:6.1} s  {}", self.outcome, self.import)?;
        match self.said["error"]["message"].as_str() {
            Some(message) => write!(f, "\n            {message}"),
            None => write!(f, "  {} {}", text("package"), text("version")),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            writeln!(f, "{item}")?;
        }
        let mut counts = String::new();
        for (count, word) in [
            (self.imported, Word::Imported),
            (self.unchanged, Word::Unchanged),
            (self.planned, Word::Planned),
            (self.failed, Word::Failed),
        ] {
            if count > 0 {
                write!(counts, "{}{count} {word}", if counts.is_empty() { "" } else { ", " })?;
            }
        }
        f.write_str(if counts.is_empty() { "nothing is listed" } else { &counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_references_with_options_and_comments() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "# all\n\nnpm:hono@^4 # web\nnpm:JSONStream@1 --as @acme/jsonstream\nnpm:lodash --entry get --entry ./fp\n";
        fs::write(file.path(), text).unwrap();
        let lines = read(file.path()).unwrap();
        let arguments: Vec<String> = lines.iter().map(|line| line.arguments().join(" ")).collect();
        assert_eq!(
            arguments,
            [
                "npm:hono@^4",
                "npm:JSONStream@1 --as @acme/jsonstream",
                "npm:lodash@latest --entry get --entry ./fp"
            ]
        );
        for text in ["hono", "npm:hono --as hono", "npm:hono --with x", "npm:hono --as"] {
            fs::write(file.path(), text).unwrap();
            assert!(matches!(read(file.path()), Err(Failure::Config { .. })), "{text}");
        }
    }

    #[test]
    fn processes_are_told_what_concerns_one_package() {
        let own = ["import", "--from", "list", "--jobs=4", "--json", "--key", "k", "--timeout", "1m", "--dry-run"];
        let left = common(own.into_iter().map(OsString::from));
        assert_eq!(left, ["import", "--key", "k", "--dry-run"]);
    }
}
