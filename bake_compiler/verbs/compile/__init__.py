"""bakec compile."""
