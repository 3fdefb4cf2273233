//! What a direct write means: decided here, stored elsewhere.

use crate::{
    Error, Ids, ServiceId,
    apply::{ApplyPlan, plan},
    changes::Selection,
    check::ProblemKind,
    edit::{Edit, StageContext, StagingPlan, stage},
    resolve::EnvironmentRef,
    workspace::Workspace,
};

/// What a direct write does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectWrite {
    /// The edits, which are never staged, and where new things lie.
    pub rows: StagingPlan,
    /// What applying them means. Nothing that others have staged is part of it.
    pub plan: ApplyPlan,
    /// Whether the service that was asked for is deployed only because it was asked for.
    pub repeated: Option<ServiceId>,
}

impl Workspace {
    /// What a direct write means: these edits upon what is applied, whatever others have staged.
    ///
    /// With a service named in `redeploy`, that one is deployed even when nothing in it changes.
    ///
    /// # Errors
    /// As [`stage`] and [`plan`]; `Exists` also when a name or slug is taken by something staged;
    /// `InvalidState` when the service to redeploy has nothing to run.
    pub fn writing(
        &self,
        place: EnvironmentRef,
        edits: Vec<Edit>,
        stage_context: StageContext,
        ids: &dyn Ids,
        redeploy: Option<ServiceId>,
    ) -> Result<DirectWrite, Error> {
        let mut alone = Self { spec: self.spec.clone(), edits: Vec::new() };
        let rows = stage(&alone, edits, stage_context, ids)?;
        let mut together = self.clone();
        together.edits.extend(rows.edits.iter().cloned());
        let taken = together.staged().new_problems(&self.staged()).into_iter().find(|problem| {
            matches!(problem.kind, ProblemKind::NameTaken { .. } | ProblemKind::SlugTaken { .. })
        });
        if let Some(problem) = taken {
            return Err(Error::Exists(problem.message));
        }

        alone.edits = rows.edits.clone();
        let mut plan = plan(place, &alone, &Selection::UpTo { up_to: u64::MAX })?;
        let repeated = redeploy.filter(|id| plan.deploy.iter().all(|(planned, _)| planned != id));
        if let Some(service) = repeated {
            plan.deploy.push((service, plan.spec.runnable(place, service)?));
        }
        // These edits were never on the list, and what is on it is left as it is.
        plan.done.clear();
        plan.rebased.clear();
        Ok(DirectWrite { rows, plan, repeated })
    }
}
