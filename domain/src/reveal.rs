//! What somebody is shown who may see values.

use crate::{
    Address, Content, EnvironmentSpec, Error, Resource, Secret,
    changes::Revealed,
    variable::{Value, Variable},
    workspace::Workspace,
};

impl Workspace {
    /// The values of one variable, applied and staged.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Forbidden` when every one of them is sealed.
    pub fn revealing(&self, address: &Address) -> Result<Revealed, Error> {
        let variable = |spec: &EnvironmentSpec| match spec.get(address) {
            Some(Content::Variable(variable)) => Some(variable),
            _ => None,
        };
        let staged_spec = self.staged();
        let applied = variable(&self.spec);
        let staged = variable(&staged_spec).filter(|staged| {
            self.changes().iter().any(|change| {
                change.address == *address || Some(&change.address) == address.parent().as_ref()
            }) && applied.as_ref() != Some(staged)
        });
        if applied.is_none() && staged.is_none() {
            return Err(Error::NotFound(Resource::Variable));
        }
        if applied.iter().chain(&staged).all(|variable| variable.sealed) {
            return Err(Error::Forbidden("this value is sealed: nobody can read it any more"));
        }
        let text = |spec: &EnvironmentSpec, variable: &Variable| match &variable.value {
            Value::Shown(template) if !variable.sealed => {
                let name = |id| spec.services.get(&id).map(|service| service.name.to_string());
                Some(Secret::new(template.render(name)))
            }
            Value::Shown(_) | Value::Hidden { .. } => None,
        };
        let resolved = if staged.is_some() { &staged_spec } else { &self.spec };
        Ok(Revealed {
            applied: applied.as_ref().and_then(|variable| text(&self.spec, variable)),
            staged: staged.as_ref().and_then(|variable| text(&staged_spec, variable)),
            resolved: resolved.resolved_value(address),
        })
    }
}
