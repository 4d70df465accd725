"""Why a person or a device is in the training data, or out: rule by rule, and never about anybody else."""
