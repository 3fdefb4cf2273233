//! What a typed value refers to, said while it is typed.

use domain::{
    Content, EnvironmentSpec, Map, Reference, Template, Value, Variable, VariableKey,
    check::ProblemKind,
};

use super::Scope;

/// Something to be said about a typed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It refers to this.
    Refers(String),
    /// This part refers to nothing yet: it can be staged, but not applied.
    Unknown(String),
    /// It cannot be staged.
    Refused(String),
}

/// What is to be said about a value, typed for this key of this scope.
#[must_use]
pub fn remarks(spec: &EnvironmentSpec, scope: Scope, key: &str, text: &str) -> Vec<Remark> {
    let template = Template::parse(text, |name| spec.find_service(name));
    let mut remarks: Vec<Remark> = Vec::new();
    let mut push = |remark| {
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    };
    // Without a key yet, one that nobody uses stands in for it.
    let key = VariableKey::try_from(key).or_else(|_| VariableKey::try_from("_"));
    let Ok(key) = key else { return remarks };
    let address = scope.address(key);
    let variable = |template| {
        let (value, sealed, version) = (Value::Shown(template), false, u64::MAX);
        Some(Content::Variable(Variable { value, sealed, version }))
    };
    let mut without = spec.clone();
    let mut with = spec.clone();
    // A scope that is gone has no variables to speak of.
    if without.put(&address, variable(Template::default())).is_err()
        || with.put(&address, variable(template.clone())).is_err()
    {
        return remarks;
    }
    let problems = with.new_problems(&without);
    for reference in template.references() {
        let written = written(spec, reference);
        let is_unknown = problems.iter().any(|problem| {
            matches!(&problem.kind, ProblemKind::UnknownReference { at, reference: other }
                if *at == address && other == reference)
        });
        push(if is_unknown { Remark::Unknown(written) } else { Remark::Refers(written) });
    }
    for problem in problems {
        if problem.kind.refused_when_staged() {
            push(Remark::Refused(problem.message));
        }
    }
    remarks
}

/// A reference as people write it.
fn written(spec: &EnvironmentSpec, reference: &Reference) -> String {
    let key = reference.key();
    match reference {
        Reference::Service { service, .. } => {
            let name = spec.services.get(service).map_or("", |service| service.name.as_str());
            format!("${{{{{name}.{key}}}}}")
        }
        Reference::Shared { .. } => format!("${{{{shared.{key}}}}}"),
        Reference::Own { .. } => format!("${{{{{key}}}}}"),
        Reference::Unknown { namespace, .. } => format!("${{{{{namespace}.{key}}}}}"),
    }
}

/// What a value of this scope may refer to, ready to be put into it.
#[must_use]
pub fn suggestions(spec: &EnvironmentSpec, scope: Scope) -> Vec<String> {
    let mut all = Vec::new();
    for (id, service) in &spec.services {
        if scope == Scope::Service(*id) {
            continue;
        }
        let name = &service.name;
        let port = (!service.ports.is_empty()).then_some("PORT");
        for key in ["HOST"].into_iter().chain(port) {
            all.push(format!("${{{{{name}.{key}}}}}"));
        }
        all.extend(named(&service.variables).map(|key| format!("${{{{{name}.{key}}}}}")));
    }
    if scope != Scope::Shared {
        all.extend(named(&spec.variables).map(|key| format!("${{{{shared.{key}}}}}")));
    }
    all
}

/// The keys that a reference can name.
fn named(variables: &Map<VariableKey, Variable>) -> impl Iterator<Item = &VariableKey> {
    variables.keys().filter(|key| key.is_identifier())
}
