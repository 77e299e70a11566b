//! Which registry serves which package, and with what credentials, as npm's configuration says.

use deno_npmrc::{NPM_DEFAULT_REGISTRY, NpmRc, NpmRegistryUrl, RegistryConfig, ResolvedNpmRc};
use sys_traits::impls::RealSys;
use url::Url;

use crate::BundleError;
use crate::settings::{Settings, environment};

/// The registries of one project. It holds secrets, so its `Debug` shows nothing.
pub(crate) struct Registries(ResolvedNpmRc);

impl std::fmt::Debug for Registries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registries")
    }
}

impl Registries {
    /// Takes the registries out of npm's settings; `registry`, else `npm_config_registry` in the environment, wins
    /// over them for packages without a scope of their own.
    ///
    /// # Errors
    ///
    /// Where the settings can't be read. No error shows them: they hold secrets.
    pub(crate) fn read(settings: &Settings, registry: Option<&str>) -> Result<Self, BundleError> {
        let explicit = registry.map(str::to_owned).or_else(|| environment("registry"));
        let from_env = explicit.is_some();
        let mut url = explicit.unwrap_or_else(|| NPM_DEFAULT_REGISTRY.to_owned());
        if !url.ends_with('/') {
            url.push('/');
        }
        let invalid = |reason: &str| BundleError::invalid("npm's configuration", reason);
        let url = Url::parse(&url).map_err(|_| invalid("the address of the registry is not one"))?;
        let npmrc = NpmRc::parse(&RealSys, settings.text())
            .map_err(|_| invalid("wanted lines of the form key=value"))?;
        let resolved = npmrc
            .as_resolved(&NpmRegistryUrl { url, from_env })
            .map_err(|error| invalid(&error.to_string()))?;
        if resolved
            .registry_configs
            .values()
            .any(|config| config.certfile.is_some() || config.keyfile.is_some())
        {
            return Err(invalid("client certificates (certfile, keyfile) are not supported, use a token"));
        }
        Ok(Self(resolved))
    }

    /// Where the description of a package and its versions is.
    pub(crate) fn packument(&self, name: &str) -> Result<Request, BundleError> {
        self.of_registry(name, &name.replace('/', "%2f"))
    }

    /// Where the registry of a package offers the keys that it signs with.
    pub(crate) fn keys(&self, name: &str) -> Result<Request, BundleError> {
        self.of_registry(name, "-/npm/v1/keys")
    }

    /// Where the registry of a package has what is attested about a version.
    pub(crate) fn attestations(&self, name: &str, version: &str) -> Result<Request, BundleError> {
        let path = format!("-/npm/v1/attestations/{}@{version}", name.replace('/', "%2f"));
        self.of_registry(name, &path)
    }

    fn of_registry(&self, name: &str, path: &str) -> Result<Request, BundleError> {
        let url = self.0.get_registry_url(name).join(path);
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

/// A URL and the `Authorization` header to send there: no `Debug`, it may be a secret.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn registries(npmrc: &str) -> Registries {
        Registries::read(&Settings::of(npmrc), None).unwrap()
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

    #[test]
    fn t36_neither_debug_output_nor_errors_show_a_secret() {
        let registries = registries("//127.0.0.1:1/:_authToken=hunter2\n");
        assert!(!format!("{registries:?}").contains("hunter2"));
        for npmrc in ["//127.0.0.1:1/:_authToken=hunter2\n[", "//h/:_authToken=hunter2\n//h/:certfile=x\n"] {
            if let Err(error) = Registries::read(&Settings::of(npmrc), None) {
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            }
        }
        let secret = Registries::read(&Settings::of(""), Some("https://u:hunter2@[/")).unwrap_err();
        assert!(!format!("{secret} {secret:?}").contains("hunter2"), "{secret}");
    }

    #[test]
    fn a_token_goes_only_where_it_belongs() {
        let registries = registries("registry=http://127.0.0.1:1/\n//127.0.0.1:1/:_authToken=t\n");
        let elsewhere = registries.tarball("y", "1.0.0", Some("http://127.0.0.1:3/y.tgz")).unwrap();
        assert_eq!(elsewhere.authorization, None);
    }
}
