//! Passwords: hashed slowly, off the async threads, a few at a time.

use domain::{Error, Secret, account::Password};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread::available_parallelism,
    time::Duration,
};
use tokio::sync::{OnceCell, Semaphore};

/// How many hashes are computed at once, at most.
const MAX_CONCURRENT: usize = 4;
/// How many may wait for that: a crowd beyond it is sent away.
const MAX_WAITING: usize = 256;
/// When it is worth to come again: by then as many have been looked at.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Hashes and checks passwords.
pub(crate) struct Hasher {
    cost: u32,
    permits: Semaphore,
    waiting: AtomicUsize,
    /// What the password of nobody is checked against, so that unknown people take as long.
    dummy: OnceCell<Secret>,
    #[cfg(test)]
    works: AtomicUsize,
}

impl Hasher {
    pub(crate) fn new(cost: u32) -> Self {
        Self {
            cost,
            permits: Semaphore::new(concurrent(available_parallelism().map_or(1, Into::into))),
            waiting: AtomicUsize::default(),
            dummy: OnceCell::new(),
            #[cfg(test)]
            works: AtomicUsize::default(),
        }
    }

    /// The hash of a password, in bcrypt's text form. All of it counts: none is longer than what
    /// bcrypt reads, which its crate would refuse for exactly 72 bytes.
    pub(crate) async fn hash(&self, password: &Password) -> Result<Secret, Error> {
        let (password, cost) = (password.expose().to_owned(), self.cost);
        self.work(move || bcrypt::hash(password, cost).map(Secret::new)).await
    }

    /// Whether a typed password is the one that was hashed; `None`: whatever is typed is wrong,
    /// and takes as long.
    pub(crate) async fn verify(&self, typed: &Secret, hash: Option<Secret>) -> Result<bool, Error> {
        let is_known = hash.is_some();
        // Made for whoever comes first, known or not: that takes as long, too.
        let dummy = self.dummy().await?;
        let hash = hash.unwrap_or(dummy);
        // No password is longer; bcrypt would read a part of it.
        let fits = typed.expose().len() <= 72 && !typed.expose().contains('\0');
        let typed = if fits { typed.expose().to_owned() } else { String::new() };
        let matches = self.work(move || bcrypt::verify(typed, hash.expose())).await?;
        Ok(matches && fits && is_known)
    }

    async fn dummy(&self) -> Result<Secret, Error> {
        let cost = self.cost;
        self.dummy
            .get_or_try_init(|| {
                self.work(move || bcrypt::hash("nobody's password", cost).map(Secret::new))
            })
            .await
            .cloned()
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> bcrypt::BcryptResult<T> + Send + 'static,
    ) -> Result<T, Error> {
        #[cfg(test)]
        self.works.fetch_add(1, Ordering::SeqCst);
        let _seat = Seat::take(&self.waiting)?;
        let _permit = self.permits.acquire().await.map_err(Error::internal("wait to hash"))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Error::internal("hash a password"))?
            .map_err(Error::internal("hash a password"))
    }
}

/// How many hashes are computed at once by so many processors: others have work for them, too.
fn concurrent(processors: usize) -> usize {
    (processors / 2).clamp(1, MAX_CONCURRENT)
}

/// Somebody who waits for their hash, or for whom it is computed.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(taken: &'a AtomicUsize) -> Result<Self, Error> {
        if taken.fetch_add(1, Ordering::SeqCst) < MAX_WAITING {
            return Ok(Self(taken));
        }
        taken.fetch_sub(1, Ordering::SeqCst);
        Err(Error::RateLimited { retry_after: RETRY_AFTER })
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Barrier};

    // S03: nor does the time tell whether somebody has an account. The work is counted, not timed.
    #[tokio::test]
    async fn an_unknown_address_is_as_much_work_as_a_wrong_password() {
        let hasher = Hasher::new(4);
        let password =
            Secret::new("correct horse battery".to_owned()).try_into().expect("a password");
        let hash = hasher.hash(&password).await.expect("it works");
        let work = async |typed: &str, hash: Option<&Secret>| {
            let before = hasher.works.load(Ordering::SeqCst);
            let typed = Secret::new(typed.to_owned());
            assert!(!hasher.verify(&typed, hash.cloned()).await.expect("it works"));
            hasher.works.load(Ordering::SeqCst) - before
        };

        assert_eq!(work("wrong", Some(&hash)).await, 2, "the first one makes nobody's hash");
        for typed in ["wrong", "nobody's password", &"long".repeat(100), "with \0 in it", ""] {
            assert_eq!(work(typed, Some(&hash)).await, 1, "{typed}");
            assert_eq!(work(typed, None).await, 1, "{typed}");
        }
        let cost = |hash: &Secret| hash.expose()[..7].to_owned();
        assert_eq!(cost(&hash), cost(&hasher.dummy().await.expect("it is made")));
    }

    // S02
    #[test]
    fn hashing_leaves_processors_to_others() {
        let all = [1, 2, 3, 4, 8, 64].map(concurrent);
        assert_eq!(all, [1, 1, 1, 2, 4, 4]);
    }

    // S02, S66: a crowd is sent away before it fills the memory.
    #[tokio::test]
    async fn a_bounded_number_waits_for_a_hash() {
        let hasher = Hasher::new(4);
        let seats: Vec<_> =
            (0..MAX_WAITING).map(|_| Seat::take(&hasher.waiting).expect("a seat")).collect();
        let wrong = Secret::from("wrong");

        let refused = hasher.verify(&wrong, None).await.expect_err("there is no seat");

        assert!(matches!(refused, Error::RateLimited { .. }));
        drop(seats);
        assert!(!hasher.verify(&wrong, None).await.expect("there are seats again"));
    }

    // S02: as many as may meet, and nobody beside them.
    #[tokio::test]
    async fn a_few_are_hashed_at_once_and_not_on_this_thread() {
        let hasher = Hasher { permits: Semaphore::new(MAX_CONCURRENT), ..Hasher::new(4) };
        let running = Arc::new(AtomicUsize::new(0));
        let meeting = Arc::new(Barrier::new(MAX_CONCURRENT));
        let own = std::thread::current().id();

        let works = (0..5 * MAX_CONCURRENT).map(|_| {
            let (running, meeting) = (running.clone(), meeting.clone());
            hasher.work(move || {
                assert_ne!(std::thread::current().id(), own);
                assert!(running.fetch_add(1, Ordering::SeqCst) < MAX_CONCURRENT);
                // Whoever worked alone would wait here for ever.
                meeting.wait();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for done in futures::future::join_all(works).await {
            done.expect("it works");
        }
    }
}
