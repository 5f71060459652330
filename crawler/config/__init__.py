"""What the user asks for: arguments, mirrors, numbers; checked."""
