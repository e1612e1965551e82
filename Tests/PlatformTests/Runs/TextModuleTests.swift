import Core
import Platform
import Testing

/// `text`: what stands on a receipt is counted in characters, not in bytes.
@Suite struct TextModuleTests {
    @Test func `lines are cut, filled and centred by characters`() throws {
        let shop = try Shop()
        try shop.install(
            "lines",
            [
                "routes/try.lua": """
                    return {
                      method = "POST", path = "/api/try-text", permission = "lines.edit",
                      run = function()
                        return {
                          width = text.width("Café €5"), empty = text.width(""),
                          cut = text.cut("Café €5", 4), whole = text.cut("Café", 9), none = text.cut("Café", 0), less = text.cut("Café", -1),
                          right = text.pad("Café", 6) .. "|", left = text.pad("Café", 6, "left"), full = text.pad("Café", 3),
                          middle = text.center("Café", 7), long = text.center("Café au lait", 4),
                          huge = pcall(text.pad, "x", 1 << 40),
                        }
                      end,
                    }
                    """
            ])
        let answer = try shop.call(.post, "/api/try-text").value
        #expect(
            answer == [
                "cut": "Café", "empty": 0, "full": "Café", "huge": false, "left": "  Café", "less": "", "long": "Café", "middle": " Café",
                "none": "", "right": "Café  |", "whole": "Café", "width": 7,
            ])
    }
}
