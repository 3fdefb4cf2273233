//! From an environment's configuration to what a container is given.

use crate::{
    Address, EnvironmentId, EnvironmentSpec, Error, Map, ProjectId, Resource, Secret, Service,
    ServiceId, Source, Strategy, VariableKey,
    check::{Problem, ProblemKind, Problems},
    deployment::RunConfig,
    lookup::Definition,
    template::{Reference, Segment, Template},
    variable::{MAX_VALUE, Value, Variable},
};

/// Where a configuration belongs: what containers are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field names its type")]
pub struct EnvironmentRef {
    pub project: ProjectId,
    pub environment: EnvironmentId,
}

impl EnvironmentSpec {
    /// What a replica of the service is given; `None` while it has nothing to run.
    ///
    /// All values must be shown: the server's own spec.
    ///
    /// # Errors
    /// When a reference finds nothing, goes in a circle, or grows too large.
    pub fn resolve(
        &self,
        place: EnvironmentRef,
        service: ServiceId,
    ) -> Result<Option<RunConfig>, Problems> {
        let Some(config) = self.services.get(&service) else { return Ok(None) };
        let Source::Image { image, pull } = &config.source else { return Ok(None) };

        let mut variables = provided(place, service, config);
        let mut values = Values { spec: self, known: Map::new() };
        let mut problems = Vec::new();
        for (address, variable) in self.variables_of(service) {
            match (values.of(&address, variable), address.variable_key()) {
                (Ok(value), Some(key)) => {
                    variables.insert(key.clone(), Secret::new(value));
                }
                (Err(problem), _) => problems.push(problem),
                (Ok(_), None) => (),
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(Some(RunConfig { variables, ..RunConfig::of(config, image.clone(), *pull) }))
    }

    /// What a replica of the service is given, for one that must have something to run.
    ///
    /// # Errors
    /// `NotFound` when there is no such service, `InvalidState` when it has nothing to run, `Blocked`
    /// when it cannot be [resolved](Self::resolve).
    pub fn runnable(&self, place: EnvironmentRef, service: ServiceId) -> Result<RunConfig, Error> {
        if !self.services.contains_key(&service) {
            return Err(Error::NotFound(Resource::Service));
        }
        match self.resolve(place, service) {
            Ok(Some(config)) => Ok(config),
            Ok(None) => Err(Error::InvalidState(
                "this service has nothing to run yet; give it an image first".to_owned(),
            )),
            Err(problems) => Err(Error::Blocked(Box::new(problems))),
        }
    }
}

impl EnvironmentSpec {
    /// What the variable at this address comes to with its references filled in; `None` when there
    /// is none, when it cannot be resolved, or when a sealed value goes into it.
    #[must_use]
    pub fn resolved_value(&self, address: &Address) -> Option<Secret> {
        let variable = self.variable_at(address)?;
        let mut values = Values { spec: self, known: Map::new() };
        let value = values.of(address, variable).ok()?;
        let is_sealed = (values.known.keys())
            .any(|at| self.variable_at(at).is_some_and(|variable| variable.sealed));
        if is_sealed { None } else { Some(Secret::new(value)) }
    }
}

impl Service {
    /// How a new deployment takes over: one writer at a time where a volume is mounted.
    #[must_use]
    pub fn resolved_strategy(&self) -> Strategy {
        match self.strategy {
            Strategy::Automatic if self.mounts.is_empty() => Strategy::StartFirst,
            Strategy::Automatic => Strategy::StopFirst,
            chosen => chosen,
        }
    }
}

/// What every container is told, unless a variable says otherwise. Nothing in it can be renamed:
/// a rename must not redeploy.
#[must_use]
pub fn provided(
    place: EnvironmentRef,
    service: ServiceId,
    config: &Service,
) -> Map<VariableKey, Secret> {
    [
        ("EASEL_PROJECT_ID", place.project.to_string()),
        ("EASEL_ENVIRONMENT_ID", place.environment.to_string()),
        ("EASEL_SERVICE_ID", service.to_string()),
        ("EASEL_PRIVATE_DOMAIN", config.slug.to_string()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((VariableKey::try_from(key).ok()?, Secret::new(value))))
    .collect()
}

/// Fills references in, each variable once.
struct Values<'a> {
    spec: &'a EnvironmentSpec,
    known: Map<Address, String>,
}

impl<'a> Values<'a> {
    /// The value of a variable. Works with a stack of its own, so that long chains are no deep calls.
    fn of(&mut self, address: &Address, variable: &'a Variable) -> Result<String, Problem> {
        let mut stack: Vec<(Address, &'a Variable)> = vec![(address.clone(), variable)];
        while let Some((at, variable)) = stack.last().cloned() {
            if self.known.contains_key(&at) {
                stack.pop();
                continue;
            }
            let Value::Shown(template) = &variable.value else {
                return Err(self.unknown(&at, None));
            };
            match self.fill(&at, template)? {
                Filled::Whole(text) => {
                    self.known.insert(at, text);
                    stack.pop();
                }
                Filled::Needs(next, variable) => {
                    if stack.iter().any(|(waiting, _)| *waiting == next) {
                        return Err(self.cycle(stack.into_iter().map(|(at, _)| at), &next));
                    }
                    stack.push((next, variable));
                }
            }
        }
        Ok(self.known[address].clone())
    }

    fn fill(&self, at: &Address, template: &Template) -> Result<Filled<'a>, Problem> {
        let mut out = String::new();
        for segment in template.segments() {
            match segment {
                Segment::Text { text } => out.push_str(text.expose()),
                Segment::Reference(reference) => match self.spec.find(at, reference) {
                    Some(Definition::Provided(value)) => out.push_str(&value),
                    Some(Definition::Variable(address, variable)) => match self.known.get(&address)
                    {
                        Some(value) => out.push_str(value),
                        None => return Ok(Filled::Needs(address, variable)),
                    },
                    None => return Err(self.unknown(at, Some(reference))),
                },
            }
            if out.len() > MAX_VALUE {
                return Err(Problem {
                    message: format!(
                        "{} grows beyond 64 KiB once its references are filled in",
                        self.spec.describe(at)
                    ),
                    kind: ProblemKind::TooLarge { at: at.clone() },
                });
            }
        }
        Ok(Filled::Whole(out))
    }

    fn unknown(&self, at: &Address, reference: Option<&Reference>) -> Problem {
        let reference =
            reference.cloned().or_else(|| Some(Reference::Own { key: at.variable_key()?.clone() }));
        Problem {
            message: format!("{} cannot be resolved", self.spec.describe(at)),
            kind: match reference {
                Some(reference) => ProblemKind::UnknownReference { at: at.clone(), reference },
                None => ProblemKind::Cycle { path: vec![at.clone()] },
            },
        }
    }

    fn cycle(&self, path: impl Iterator<Item = Address>, end: &Address) -> Problem {
        let path: Vec<Address> = path.skip_while(|address| address != end).collect();
        let shown: Vec<String> =
            path.iter().chain([end]).map(|address| self.spec.describe(address)).collect();
        Problem {
            message: format!("variables refer in a circle: {}", shown.join(" → ")),
            kind: ProblemKind::Cycle { path },
        }
    }
}

enum Filled<'a> {
    Whole(String),
    Needs(Address, &'a Variable),
}
