DROP INDEX people_by_birth;
