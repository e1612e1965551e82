import Core
import Platform

extension LogWriter {
    /// `alert.raised`, `alert.cleared`, `alert.mail_failed`.
    func write(_ news: Alerts.News) {
        let (level, event, key, detail): (LogLevel, String, Alert.Key, String?) = switch news {
        case .raised(let key, let detail): (.error, "alert.raised", key, detail)
        case .cleared(let key): (.info, "alert.cleared", key, nil)
        case .mailFailed(let key, let error): (.warning, "alert.mail_failed", key, error)
        }
        write(level, event) { json in
            json.member("condition", key.condition)
            if let tenant = key.tenantID { json.member("tenant", tenant) }
            if !key.subject.isEmpty { json.member("subject", key.subject) }
            if let detail { json.member("detail", detail) }
        }
    }
}
