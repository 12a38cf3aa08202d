//! What was let through and is not done when another policy comes in force: decided again, and stopped where it has lost
//! its right.
//!
//! What has left for the target is cancelled there; what has not is never sent, and the session ends, because the
//! messages behind it stand on it. Enter at `Session::reconsider` and `Session::release`.

use postern_core::{Code, Fault};

use super::{End, Session};

impl Session<'_> {
    /// Takes up another policy.
    pub(super) fn take_up(&mut self) -> Result<(), End> {
        self.gate.take_up()?;
        self.changed = self.gate.changed();
        self.reconsider()
    }

    /// Stops what the target works on, where it has lost its right or something in its pipeline has. What comes later is
    /// looked at again when its turn has come.
    pub(super) fn reconsider(&mut self) -> Result<(), End> {
        self.doubtful = false;
        let running: Vec<_> = self.replies.running().collect();
        for (at_hand, flow) in running {
            let Err(denial) = self.gate.goes_on(&flow)? else { continue };
            self.doubtful = true;
            if at_hand {
                self.stop(&denial.hint("connect again or ask for a rule; whether it was done is for you to look at"));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Lets out what is staged, as long as the policy in force lets it.
    pub(super) fn release(&mut self) -> Result<(), End> {
        let staged: Vec<_> = self.replies.running_since(self.released).collect();
        for flow in staged {
            if let Err(denial) = self.gate.goes_on(&flow)? {
                let fault = Fault::client(Code::PolicyChanged, denial.message);
                return Err(End::Fault(fault.hint("connect again; what was sent last has not been done")));
            }
        }
        self.to_target.let_out();
        self.released = self.replies.turns();
        Ok(())
    }
}
