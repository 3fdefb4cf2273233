//! From what people type to what they mean.

use crate::exit::{Exit, Failure};
use anyhow::Result;
use domain::{
    ChangeId, EnvironmentSpec, GroupId, ServiceId, VolumeId, change::StagedChange,
    project::ProjectSummary,
};

/// One thing that can be meant: its id, and the words for it.
struct Candidate<Id> {
    id: Id,
    words: Vec<String>,
}

/// The project that `wanted` means.
pub(super) fn project<'a>(all: &'a [ProjectSummary], wanted: &str) -> Result<&'a ProjectSummary> {
    let candidates = all.iter().enumerate().map(|(index, one)| {
        let project = &one.project;
        let words = [project.id.to_string(), project.slug.to_string(), project.name.to_string()];
        Candidate { id: index, words: words.into() }
    });
    pick("project", wanted, candidates).map(|index| &all[index])
}

/// The service that `wanted` means.
pub(super) fn service(spec: &EnvironmentSpec, wanted: &str) -> Result<ServiceId> {
    let candidates = spec.services.iter().map(|(&id, service)| {
        let words =
            [id.to_string(), id.short(), service.slug.to_string(), service.name.to_string()];
        Candidate { id, words: words.into() }
    });
    pick("service", wanted, candidates)
}

/// The group that `wanted` means.
pub(super) fn group(spec: &EnvironmentSpec, wanted: &str) -> Result<GroupId> {
    let candidates = spec.groups.iter().map(|(&id, group)| Candidate {
        id,
        words: vec![id.to_string(), id.short(), group.name.to_string()],
    });
    pick("group", wanted, candidates)
}

/// The volume that `wanted` means.
pub(super) fn volume(spec: &EnvironmentSpec, wanted: &str) -> Result<VolumeId> {
    let candidates = spec.volumes.iter().map(|(&id, volume)| Candidate {
        id,
        words: vec![id.to_string(), id.short(), volume.name.to_string()],
    });
    pick("volume", wanted, candidates)
}

/// The staged changes that these ids mean.
pub(super) fn changes(all: &[StagedChange], wanted: &[String]) -> Result<Vec<ChangeId>> {
    wanted
        .iter()
        .map(|wanted| {
            let candidates = all.iter().map(|change| Candidate {
                id: change.id,
                words: vec![change.id.to_string(), change.id.short()],
            });
            pick("staged change", wanted, candidates).map_err(|error| {
                if all.iter().all(|change| change.id.short() != *wanted) {
                    Failure::new(
                        Exit::Conflict,
                        format!(
                            "no change {wanted} is staged; it was applied, discarded or edited \
                             since: look with `easel changes`"
                        ),
                    )
                    .into()
                } else {
                    error
                }
            })
        })
        .collect()
}

/// An exact word first, then one that differs in case alone.
fn pick<Id>(
    kind: &str,
    wanted: &str,
    candidates: impl Iterator<Item = Candidate<Id>>,
) -> Result<Id> {
    let candidates: Vec<Candidate<Id>> = candidates.collect();
    let names: Vec<String> =
        candidates.iter().filter_map(|one| one.words.last().cloned()).collect();
    let (mut exact, loose): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .filter(|one| one.words.iter().any(|word| word.eq_ignore_ascii_case(wanted)))
        .partition(|one| one.words.iter().any(|word| word == wanted));
    if exact.is_empty() {
        exact = loose;
    }
    let found = exact.pop();
    match (found, exact.is_empty()) {
        (Some(one), true) => Ok(one.id),
        (Some(one), false) => {
            exact.push(one);
            let ids = exact.iter().filter_map(|one| one.words.get(1).map(String::as_str));
            Err(Failure::usage(format!(
                "several are called {wanted}; say which {kind} you mean: {}",
                list(ids)
            ))
            .into())
        }
        (None, _) if names.is_empty() => {
            Err(Failure::not_found(format!("there is no {kind} {wanted}: there is none at all"))
                .into())
        }
        (None, _) => Err(Failure::not_found(format!(
            "there is no {kind} {wanted}; there is {}",
            list(names.iter().map(String::as_str))
        ))
        .into()),
    }
}

/// A list for a sentence: the first ten.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(10);
    let mut text = names[..names.len() - more].join(", ");
    if more > 0 {
        text = format!("{text} and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Service, spec::RevisionNumber};

    fn spec(services: &[(&str, &str)]) -> EnvironmentSpec {
        let mut spec = EnvironmentSpec::empty("Shop".parse().unwrap());
        spec.revision = RevisionNumber(1);
        for (index, (name, slug)) in services.iter().enumerate() {
            let id = ServiceId::new(uuid::Uuid::from_u128(index as u128 + 1));
            let service = Service::named(name.parse().unwrap(), slug.parse().unwrap());
            spec.services.insert(id, service.into());
        }
        spec
    }

    #[test]
    fn a_service_is_meant_by_slug_name_or_id() {
        let spec = spec(&[("The Web", "web"), ("Database", "db")]);
        let web = *spec.services.keys().next().unwrap();

        for word in ["web", "The Web", "the web", "WEB", &web.to_string(), &web.short()] {
            assert_eq!(service(&spec, word).unwrap(), web, "{word}");
        }
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let spec = spec(&[("Web", "web"), ("Database", "db")]);

        let error = service(&spec, "wbe").unwrap_err();

        assert_eq!(error.to_string(), "there is no service wbe; there is Web, Database");
        assert_eq!(crate::exit::code(&error), Exit::NotFound as u8);
    }

    #[test]
    fn an_exact_word_wins_over_one_in_another_case() {
        let spec = spec(&[("WEB", "one"), ("Other", "web")]);

        let found = service(&spec, "web").unwrap();

        assert_eq!(spec.services[&found].slug.as_str(), "web");
    }
}
