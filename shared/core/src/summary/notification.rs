//! A summary as the notification that AWS's chat service brings to Slack and Teams, and as what SNS sends by each way.
//! <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>

use serde_json::{Value, json};

use super::Summary;
use super::words::Language;

impl Summary {
    /// The notification. Its text is a block of code, so that Slack and Teams keep its lines as they are.
    pub fn notification(&self, language: Language) -> Value {
        let subject = self.subject(language);
        json!({
            "version": "1.0",
            "source": "custom",
            "id": format!("{}-{}-summary", self.stack, self.day.date()),
            "content": {
                "textType": "client-markdown",
                "title": subject,
                "description": format!("```\n{}\n```", self.text(language)),
                "keywords": ["acuse", self.stack],
            },
            "metadata": {
                "summary": subject,
                "eventType": "acuse-summary",
            },
        })
    }

    /// What is published with `MessageStructure=json`: AWS's chat service subscribes to topics by HTTPS, and everybody
    /// else gets the text.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html>
    pub fn message(&self, language: Language) -> String {
        let message = json!({
            "default": self.text(language),
            "https": self.notification(language).to_string(),
        });
        message.to_string()
    }
}
