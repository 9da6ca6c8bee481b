"""The review page: see a plan on its images, accept, correct or reject it; nothing is lost."""
