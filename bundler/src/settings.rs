//! npm's settings: `.npmrc` of the user and of the project, and the environment.

use std::path::{Path, PathBuf};

use crate::BundleError;

/// An `.npmrc` is a few lines long.
const LIMIT: u64 = 1 << 20;

/// The text of all files, the one that wins last. It holds secrets: no `Debug`.
pub(crate) struct Settings(String);

impl Settings {
    /// Reads the user's file (`npm_config_userconfig`, else `~/.npmrc`) and the one in `root`, which wins.
    ///
    /// # Errors
    ///
    /// Where one is there and can't be read.
    pub(crate) fn read(root: &Path) -> Result<Self, BundleError> {
        let user = environment("userconfig")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".npmrc")));
        let mut text = String::new();
        let files = [environment("globalconfig").map(PathBuf::from), user, Some(root.join(".npmrc"))];
        for path in files.into_iter().flatten() {
            text.push_str(&read(&path)?);
            text.push('\n');
        }
        Ok(Self(text))
    }

    /// The settings in a text.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// What a key is set to: by the environment, else by the last line that sets it.
    pub(crate) fn last(&self, key: &str) -> Option<String> {
        environment(key).or_else(|| self.all(key).pop())
    }

    /// All values that lines give a key, also as a list (`ca[]=…`).
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        let own = self.0.lines().map(str::trim).take_while(|line| !line.starts_with('['));
        own.filter(|line| !line.starts_with([';', '#']))
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| name.trim().trim_end_matches("[]") == key)
            .map(|(_, value)| expand(unquoted(value.trim())))
            .collect()
    }
}

/// A setting in the environment: `npm_config_<key>`, in lower or upper case, `-` written as `_`.
pub(crate) fn environment(key: &str) -> Option<String> {
    let name = format!("npm_config_{}", key.replace('-', "_"));
    variable(&name)
}

/// A variable of the environment by its name, or by it in the other case; not one that is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    [name.to_lowercase(), name.to_uppercase()]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<String, BundleError> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(BundleError::io(path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(BundleError::io(path))?;
    if bytes.len() as u64 > LIMIT {
        let what = path.display().to_string();
        return Err(BundleError::TooLarge { what, limit: LIMIT, unit: "bytes" });
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// Puts variables in: `${NAME}`; one that is not set stays as it is written.
fn expand(value: &str) -> String {
    let mut parts = value.split("${");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part.split_once('}').and_then(|(name, rest)| Some((std::env::var(name).ok()?, rest)));
        match known {
            Some((value, rest)) => text.extend([value.as_str(), rest]),
            None => text.extend(["${", part]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_wins_and_lists_add_up() {
        let settings = Settings::of(
            "; a comment\nproxy = http://one\nproxy=\"http://two\"\nca[]=a\nca[]='b'\n#proxy=x\n[section]\nproxy=y\n",
        );
        assert_eq!(settings.all("proxy").last().map(String::as_str), Some("http://two"));
        assert_eq!(settings.all("ca"), ["a", "b"]);
        assert_eq!(settings.last("cidery-test-absent"), None);
    }

    #[test]
    fn variables_are_put_in() {
        assert_eq!(expand("a${CIDERY_TEST_UNSET}b"), "a${CIDERY_TEST_UNSET}b");
        assert_eq!(expand("${PATH}/x"), format!("{}/x", std::env::var("PATH").unwrap()));
        assert_eq!(expand("${open"), "${open");
    }

    #[test]
    fn files_are_read_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".npmrc"), "cidery-test=project\n").unwrap();
        let settings = Settings::read(dir.path()).unwrap();
        assert_eq!(settings.last("cidery-test").as_deref(), Some("project"));
    }
}
