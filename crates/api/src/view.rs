//! An approval as the API shows it. `openapi.json` describes the same.
//!
//! Text is as it was sent, not escaped for any place: whoever shows it escapes it.

use postern_core::approval::{Answer, Approval, Choice, Part};
use postern_core::identity::PrincipalSummary;
use postern_core::verdict::Who;
use postern_core::{ApprovalId, Micros, OperationId, Principal, SessionId};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct ApprovalView<'a> {
    id: ApprovalId,
    state: &'static str,
    principal: &'a PrincipalSummary,
    session: SessionId,
    operation: OperationId,
    target: &'a str,
    action: String,
    text: String,
    parts: &'a [Part],
    digest: &'a str,
    rules: &'a [String],
    in_clear: &'a [String],
    approvers: &'a [Vec<Who>],
    count: usize,
    answers: Vec<AnswerView<'a>>,
    asked: Micros,
    expires: Micros,
    may_answer: bool,
}

#[derive(Debug, Serialize)]
struct AnswerView<'a> {
    by: &'a PrincipalSummary,
    choice: Choice,
    reason: Option<&'a str>,
    at: Micros,
}

impl<'a> ApprovalView<'a> {
    /// The approval as `principal` sees it.
    pub(crate) fn of(approval: &'a Approval, principal: &Principal) -> Self {
        Self {
            id: approval.id,
            state: approval.state.word(),
            principal: &approval.principal,
            session: approval.session,
            operation: approval.operation,
            target: &approval.target,
            action: approval.action(),
            text: approval.text(),
            parts: &approval.parts,
            digest: &approval.digest,
            rules: &approval.rules,
            in_clear: &approval.in_clear,
            approvers: &approval.approvers,
            count: approval.count,
            answers: approval.answers.iter().map(AnswerView::of).collect(),
            asked: approval.asked,
            expires: approval.expires,
            may_answer: approval.admits(principal).is_ok(),
        }
    }
}

impl<'a> AnswerView<'a> {
    fn of(answer: &'a Answer) -> Self {
        Self { by: &answer.by, choice: answer.choice, reason: answer.reason.as_deref(), at: answer.at }
    }
}
