//! The port [`Outbound`] on the system's resolver and reqwest.

mod own;

use async_trait::async_trait;
use domain::outbound::{
    AddressKind, Outbound, OutboundAnswer, OutboundError, OutboundPolicy, is_number,
};
use reqwest::{
    Client, Response, Url,
    header::{LOCATION, WWW_AUTHENTICATE},
    redirect::Policy,
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::time::timeout;

/// How long looking a name up may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one answer may take, with its body.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 5;

/// The guarded door.
///
/// It uses no proxy, keeps no cookies and no connections, and follows no redirect that it has not checked.
pub struct GuardedClient {
    policy: OutboundPolicy,
}

impl GuardedClient {
    /// A door for what the whole internet reaches, and what an admin has allowed.
    #[must_use]
    pub fn new(policy: OutboundPolicy) -> Self {
        // Chosen already: fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { policy }
    }

    /// Whether these addresses of a host may be asked: all of them, or the host is refused. Whoever
    /// controls a name could mix a good one with a bad one.
    fn check(
        &self,
        host: &str,
        port: u16,
        addresses: &BTreeSet<IpAddr>,
    ) -> Result<(), OutboundError> {
        if self.policy.allows_name(host, port) {
            return Ok(());
        }
        for &address in addresses {
            let kind = match AddressKind::of(address) {
                AddressKind::Public if own::is_own(address) => AddressKind::Own,
                kind => kind,
            };
            self.policy
                .check(address, kind)
                .map_err(|kind| OutboundError::Refused { host: host.to_owned(), kind })?;
        }
        Ok(())
    }

    /// One request, to the addresses that were checked and no others.
    async fn ask(&self, url: &Url) -> Result<Response, OutboundError> {
        let (host, port) = place(url)?;
        let addresses = self.resolve(&host, port).await?;
        let silent = |_| OutboundError::Silent(host.clone());
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .pool_max_idle_per_host(0)
            .resolve_to_addrs(&host, &addresses)
            .timeout(ANSWER_TIMEOUT)
            .user_agent("easel")
            .build()
            .map_err(silent)?;
        client.get(url.clone()).send().await.map_err(silent)
    }
}

#[async_trait]
impl Outbound for GuardedClient {
    fn trusts(&self, url: &str) -> bool {
        let place = parsed(url).and_then(|url| place(&url));
        place.is_ok_and(|(host, port)| self.policy.trusts(&host, port))
    }

    async fn admit(&self, url: &str) -> Result<(), OutboundError> {
        let (host, port) = place(&parsed(url)?)?;
        if self.policy.trusts(&host, port) {
            return Ok(());
        }
        self.resolve(&host, port).await.map(drop)
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutboundError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: BTreeSet<IpAddr> = match bare.parse() {
            Ok(address) => BTreeSet::from([address]),
            // Some would read it as an address, and others look it up as a name.
            Err(_) if is_number(bare) => return Err(OutboundError::Invalid(host.to_owned())),
            Err(_) => {
                let looked_up = tokio::net::lookup_host((bare, port));
                let found = timeout(RESOLVE_TIMEOUT, looked_up).await;
                let found = found.ok().and_then(Result::ok).into_iter().flatten();
                found.map(|address| address.ip()).collect()
            }
        };
        if addresses.is_empty() {
            return Err(OutboundError::Unknown(host.to_owned()));
        }
        self.check(bare, port, &addresses)?;
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn get(&self, url: &str, limit: usize) -> Result<OutboundAnswer, OutboundError> {
        let mut url = parsed(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.ask(&url).await?;
            let location = answer.headers().get(LOCATION).and_then(|it| it.to_str().ok());
            match location.filter(|_| answer.status().is_redirection()) {
                Some(location) => {
                    let next = url.join(location);
                    url = next.map_err(|_| OutboundError::Invalid(shown(&url)))?;
                }
                None => return read(answer, limit).await,
            }
        }
        Err(OutboundError::Redirects(shown(&url)))
    }
}

async fn read(mut answer: Response, limit: usize) -> Result<OutboundAnswer, OutboundError> {
    let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenges = challenges.filter_map(|it| it.to_str().ok().map(str::to_owned)).collect();
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while body.len() < limit {
        match answer.chunk().await {
            Ok(Some(chunk)) => {
                body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())])
            }
            Ok(None) => break,
            Err(_) => return Err(OutboundError::Silent(shown(answer.url()))),
        }
    }
    Ok(OutboundAnswer { status, challenges, body })
}

fn parsed(url: &str) -> Result<Url, OutboundError> {
    Url::parse(url).map_err(|_| OutboundError::Invalid("what was typed".to_owned()))
}

/// Host and port of a URL that is plain: nobody's name and password are sent to a host that was typed.
fn place(url: &Url) -> Result<(String, u16), OutboundError> {
    let invalid = || OutboundError::Invalid(shown(url));
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return Err(invalid());
    }
    let host = url.host_str().ok_or_else(invalid)?;
    Ok((host.to_owned(), url.port_or_known_default().ok_or_else(invalid)?))
}

/// A URL as far as it may be told: its host.
fn shown(url: &Url) -> String {
    url.host_str().unwrap_or("it").to_owned()
}

#[cfg(test)]
mod tests;
