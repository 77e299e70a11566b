//! Which registry serves which package, and with what credentials, as npm's configuration says.

use std::path::PathBuf;

use deno_npmrc::{NPM_DEFAULT_REGISTRY, NpmRc, NpmRegistryUrl, RegistryConfig, ResolvedNpmRc};
use sys_traits::impls::RealSys;
use url::Url;

use crate::BundleError;
use crate::project::Project;

/// npm's configuration for one project.
#[derive(Debug)]
pub(crate) struct Registries(ResolvedNpmRc);

impl Registries {
    /// Reads the user's `.npmrc` and the project's, which wins; `registry`, else `npm_config_registry` in the
    /// environment, wins over both for packages without a scope of their own.
    pub(crate) fn read(project: &Project, registry: Option<&str>) -> Result<Self, BundleError> {
        let mut text = match user_config() {
            Some(path) => std::fs::read_to_string(path).unwrap_or_default(),
            None => String::new(),
        };
        if let Some(bytes) = project.read_if_exists(".npmrc")? {
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
        let explicit = registry.map(str::to_owned).or_else(|| environment("NPM_CONFIG_REGISTRY"));
        let from_env = explicit.is_some();
        let mut url = explicit.unwrap_or_else(|| NPM_DEFAULT_REGISTRY.to_owned());
        if !url.ends_with('/') {
            url.push('/');
        }
        let invalid = |error: String| BundleError::invalid("npm's configuration", error);
        let url = Url::parse(&url).map_err(|error| invalid(format!("registry {url}: {error}")))?;
        let npmrc = NpmRc::parse(&RealSys, &text).map_err(|error| invalid(error.to_string()))?;
        let resolved = npmrc
            .as_resolved(&NpmRegistryUrl { url, from_env })
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Self(resolved))
    }

    /// Where the description of a package and its versions is.
    pub(crate) fn packument(&self, name: &str) -> Result<Request, BundleError> {
        let url = self.0.get_registry_url(name).join(&name.replace('/', "%2f"));
        let url = url.map_err(|error| BundleError::invalid(name, error))?;
        Ok(Request { url, authorization: authorization(self.0.get_registry_config(name)) })
    }

    /// Where an archive is: at `announced`, moved to the configured registry as npm does, or at npm's usual place
    /// where nothing was announced.
    pub(crate) fn tarball(
        &self,
        name: &str,
        version: &str,
        announced: Option<&str>,
    ) -> Result<Request, BundleError> {
        let invalid = |error| BundleError::invalid(format!("{name}@{version}"), error);
        let url = match announced {
            Some(announced) => {
                let url = Url::parse(announced).map_err(invalid)?;
                self.0.replace_tarball_url(url, name)
            }
            None => {
                let file = name.rsplit('/').next().unwrap_or(name);
                let path = format!("{name}/-/{file}-{version}.tgz");
                self.0.get_registry_url(name).join(&path).map_err(invalid)?
            }
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BundleError::UnsupportedDependency { name: name.to_owned(), spec: url.into() });
        }
        let authorization = self.0.tarball_config_for_package(&url, name).and_then(|c| authorization(c));
        Ok(Request { url, authorization })
    }
}

/// A URL and the `Authorization` header to send there.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) url: Url,
    pub(crate) authorization: Option<String>,
}

fn authorization(config: &RegistryConfig) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    if let Some(token) = &config.auth_token {
        return Some(format!("Bearer {token}"));
    }
    if let Some(auth) = &config.auth {
        return Some(format!("Basic {auth}"));
    }
    // npm keeps the password in base64.
    let password = STANDARD.decode(config.password.as_ref()?).ok()?;
    let mut pair = format!("{}:", config.username.as_ref()?).into_bytes();
    pair.extend(password);
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

fn user_config() -> Option<PathBuf> {
    environment("NPM_CONFIG_USERCONFIG")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".npmrc")))
}

/// npm reads its variables in upper and in lower case.
fn environment(name: &str) -> Option<String> {
    [name.to_lowercase().as_str(), name]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registries(npmrc: &str) -> Registries {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(".npmrc"), npmrc).unwrap();
        Registries::read(&Project::open(dir.path()).unwrap(), None).unwrap()
    }

    #[test]
    fn a_scope_has_its_own_registry_and_token() {
        let registries = registries(
            "registry=http://127.0.0.1:1/npm\n@acme:registry=http://127.0.0.1:2/\n//127.0.0.1:2/:_authToken=t\n",
        );
        let scoped = registries.packument("@acme/x").unwrap();
        assert_eq!(scoped.url.as_str(), "http://127.0.0.1:2/@acme%2fx");
        assert_eq!(scoped.authorization.as_deref(), Some("Bearer t"));
        let tarball = registries.tarball("@acme/x", "1.0.0", None).unwrap();
        assert_eq!(tarball.url.as_str(), "http://127.0.0.1:2/@acme/x/-/x-1.0.0.tgz");
        assert_eq!(tarball.authorization.as_deref(), Some("Bearer t"));
        assert_eq!(registries.packument("y").unwrap().authorization, None);
    }

    #[test]
    fn a_public_tarball_moves_to_the_configured_registry() {
        let registries = registries("registry=http://127.0.0.1:1/npm/\n");
        let announced = format!("{NPM_DEFAULT_REGISTRY}/y/-/y-1.0.0.tgz");
        let tarball = registries.tarball("y", "1.0.0", Some(&announced)).unwrap();
        assert_eq!(tarball.url.host_str(), Some("127.0.0.1"));
        let elsewhere = "http://127.0.0.1:3/y.tgz";
        assert_eq!(registries.tarball("y", "1.0.0", Some(elsewhere)).unwrap().url.as_str(), elsewhere);
        let git = registries.tarball("y", "1.0.0", Some("git+ssh://h/r"));
        assert!(matches!(git, Err(BundleError::UnsupportedDependency { .. })));
    }
}
