//! API Gateway's throttle: two token buckets, the stage's and the account's. What is over is answered 429.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>

use crate::bucket::Bucket;
use crate::limit::{Limit, Limits};
use crate::settings::{Account, Template};
use crate::time::Tick;

/// The HTTP API's stage.
pub struct Api {
    stage: Bucket,
    account: Bucket,
}

impl Api {
    /// With its throttle and the account's.
    pub fn new(template: &Template, account: &Account) -> Self {
        Self {
            stage: Bucket::new(template.throttle_rate, template.throttle_burst),
            account: Bucket::new(account.api_rate, account.api_burst),
        }
    }

    /// How many of `wanted` requests get through.
    pub fn admit(&mut self, wanted: u32, now: Tick, limits: &mut Limits) -> u32 {
        let (stage, account) = (self.stage.available(now), self.account.available(now));
        if wanted > stage {
            limits.met(Limit::ThrottleRate, wanted - stage, now);
        }
        if wanted > account {
            limits.met(Limit::ApiQuota, wanted - account, now);
        }
        let admitted = wanted.min(stage).min(account);
        self.stage.take(admitted, now);
        self.account.take(admitted, now);
        admitted
    }
}
